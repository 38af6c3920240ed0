# 就业服务平台。命令一览：make help
PYTHON ?= python3
BIN := .venv/bin
# Examples in documents keep the shape that reads best.
SOURCES := services tests migrations deploy sdk/maker
INSTALL = $(PYTHON) services/onebox/install.py
# The kernel ends the platform when make itself is killed.
WITH_MAKE := $(shell command -v setpriv >/dev/null 2>&1 && echo setpriv --pdeathsig TERM --)
COMPILE = uv pip compile pyproject.toml --quiet --python-version 3.11 --universal --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(UPGRADE)

export PYTHONPATH := services
export PYTHONUNBUFFERED := 1
# Dozens of processes that each compile everything anew would double their time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run demo test test-api test-long soak bench bench-eligibility bench-gateway bench-loans bench-targets check format lock clean installed installed-dev \
	check-format check-lint check-types check-imports check-openapi openapi sdk

help: ## 列出命令
	@echo "用法：make 命令"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' Makefile
	@echo "变量：PORT（默认 18000） JIUYE_HOME（默认 .jiuye） JIUYE_POSTGRES_URL JIUYE_REDIS_URL，例如 PORT=19000 make run"

run: installed ## 一条命令启动整个平台，Ctrl-C 停止
	@$(WITH_MAKE) $(BIN)/python -m onebox

demo: installed ## 在运行中的平台上演示主要功能
	@$(BIN)/python -m onebox.demo

test: installed-dev ## 在自己的临时数据库上运行全部测试（ARGS="-k 名称" 可只跑一部分）
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

test-long: installed-dev ## 十万行随机名册逐行比对三种算法，担保基金并发一分钟，五千笔贷款两年的贴息，五千笔贷款经接口的一年，两千笔贷款的随机经历，五十个客户端争用一百个幂等键，强杀进程、磁盘写满、带负载升级的演练（较慢，不在 check 之内）
	@JIUYE_TEST_ROWS=100000 $(BIN)/python -m pytest tests/eligibility_svc/screenings/test_equality.py $(ARGS)
	@JIUYE_TEST_ROWS=100000 $(BIN)/python -m pytest tests/kit/audit/test_chain.py $(ARGS)
	@JIUYE_TEST_KEYS=100 $(BIN)/python -m pytest tests/kit/http/test_contract.py -k twins $(ARGS)
	@JIUYE_TEST_SECONDS=60 $(BIN)/python -m pytest tests/loans_svc/funds/test_writers.py $(ARGS)
	@JIUYE_TEST_LOANS=5000 $(BIN)/python -m pytest tests/loans_svc/batches/test_books_at_size.py tests/loans_svc/batches/test_statements.py $(ARGS)
	@JIUYE_TEST_YEAR=5000 $(BIN)/python -m pytest tests/loans_svc/test_a_year_over_http.py $(ARGS)
	@JIUYE_TEST_LIVES=2000 $(BIN)/python -m pytest tests/loans_svc/loans/test_transitions.py $(ARGS)
	@JIUYE_TEST_ROUNDS=100 JIUYE_TEST_DRILLS=yes JIUYE_TEST_POSTS=2000 JIUYE_TEST_UPGRADES=1 $(BIN)/python -m pytest -s tests/reliability $(ARGS)

soak: installed-dev ## 以最大能力的一半持续运行，看内存、文件和错误（SECONDS=秒数，默认7200；RATE=每秒请求数）
	@PYTHONPATH=services:. SOAK_SECONDS=$(SECONDS) $(BIN)/python -m tests.load.soak

bench: bench-gateway bench-targets bench-eligibility bench-loans ## 依次运行全部测速（约二十分钟），结果写入 .bench/

bench-targets: ## 实名登记的规模与速度（ROWS=每份行数，默认一百万；ROUNDS=份数，默认三）
bench-loans: ## 贴息批次的规模与速度（ROWS=贷款笔数，默认一百万）
bench-gateway: ## 网关转发的速度，与nginx等同场比较（ROUND=每轮秒数，默认8）
bench-eligibility: ## 资格查询与名册筛查的速度（ROWS=行数，默认一千万）
bench-targets bench-loans bench-gateway bench-eligibility: bench-%: installed-dev
	@PYTHONPATH=services:. $(BIN)/python -m tests.load.bench_$*

check: check-format check-lint check-types check-imports check-openapi test ## 格式、规范、类型、依赖方向、测试，与 CI 完全相同

check-format: installed-dev
	@echo "== 格式"
	@$(BIN)/ruff format --check $(SOURCES)

check-lint: installed-dev
	@echo "== 规范"
	@$(BIN)/ruff check .

check-types: installed-dev
	@echo "== 类型"
	@$(BIN)/mypy

check-imports: installed-dev
	@echo "== 依赖方向"
	@$(BIN)/lint-imports --no-logo

.PHONY: check-openapi openapi sdk test-api
check-openapi: installed-dev
	@echo "== 接口文档"
	@PYTHONPATH=services:. $(BIN)/python -m sdk.maker.snapshot check

openapi: installed-dev ## 更新 docs/openapi.json（会使客户端出错的改动须加 BREAKING=yes）
	@PYTHONPATH=services:. $(BIN)/python -m sdk.maker.snapshot renew $(if $(BREAKING),--breaking)

sdk: installed-dev ## 由 docs/openapi.json 生成 Python 客户端和 TypeScript 类型（后者需要 Node.js）
	@PYTHONPATH=services:. $(BIN)/python -m sdk.maker.clients

test-api: installed-dev ## 全部接口：整张恶意输入表、一万二千个以上随机用例、生成的客户端（较慢）
	@JIUYE_TEST_API=whole $(BIN)/python -m pytest tests/contracts $(ARGS)

format: installed-dev ## 整理代码格式
	@$(BIN)/ruff check --fix --select I . && $(BIN)/ruff format $(SOURCES)

lock: ## 由 pyproject.toml 重新生成锁定文件（需要 uv；UPGRADE=--upgrade 时升级版本）
	@command -v uv >/dev/null || { echo "错误：需要 uv，请先安装：pip install uv"; exit 1; }
	$(COMPILE) --extra onebox --extra dev -o requirements-dev.lock
	$(COMPILE) --extra onebox -c requirements-dev.lock -o requirements.lock
	$(COMPILE) -c requirements-dev.lock -o deploy/requirements.lock

clean: ## 删除虚拟环境和缓存，不动数据（.jiuye）
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

installed: python
	@$(INSTALL) requirements.lock

installed-dev: python
	@$(INSTALL) requirements-dev.lock

.NOTPARALLEL:
.PHONY: python
python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "错误：找不到 $(PYTHON)。请安装 Python 3.11 或更高版本，例如 apt install python3 python3-venv"; exit 1; }
