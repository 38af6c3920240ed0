"""What can go wrong with plans."""

from collections.abc import Sequence

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError, ValidationFailedError


class PlanNotFoundError(NotFoundError):
    code = "PLAN_NOT_FOUND"
    title = "没有这一年度的计划"
    default_detail = "该年度没有下达计划，或在所查日期尚未生效；请核对年度和日期。"


class IssuedPlanDiffersError(DomainError):
    """Rule P11: an issued plan is never edited; a change is a new version."""

    kind = Kind.CONFLICT
    code = "PLAN_ISSUED"
    title = "已下达的计划不能修改"
    default_detail = "数据文件与已下达的同一版本不一致；请恢复原文件，或以新版本下达。"


class PlanIssuedError(StateConflictError):
    """A version is issued once (rule P11)."""

    code = "PLAN_ISSUED"
    title = "已下达的计划不能修改"
    default_detail = "这一版已经下达；如需调整，请以新版本下达。"


class PlanFourEyesError(DomainError):
    """Drawing up and issuing are two people's work (targets design §5.3)."""

    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "计划的起草和下达应由两人分别办理；请换由另一位同事下达。"


class PlanInvalidError(ValidationFailedError):
    """Errors of rules P1–P6 and P10; the pointers name the item."""

    code = "PLAN_INVALID"
    title = "计划未通过校验"
    default_detail = "请按 errors 中的提示修改后重新提交；没有保存任何内容。"


class BrokenPlanError(ValueError):
    """A plan file that breaks a rule; nothing of it is stored.

    Attributes:
        faults: one line each: the rule, the place, what is wrong.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("计划数据文件有误，未载入：\n" + "\n".join(faults))
        self.faults = tuple(faults)


class ImpossibleProposalError(ValidationFailedError):
    code = "PROPOSAL_IMPOSSIBLE"
    title = "无法按这些条件分解"
