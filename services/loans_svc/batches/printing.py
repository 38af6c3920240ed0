"""An explained line as a page to print, sign and file."""

from html import escape

from kit.money import yuan
from loans_svc.batches.explanation import PAYERS, Explanation
from loans_svc.rules.domain import share_text
from loans_svc.subsidies.domain.explanation import percent

_STYLE = (
    "body{font-family:SimSun,serif;max-width:48em;margin:2em auto;line-height:1.8}"
    "table{border-collapse:collapse;width:100%;margin:1em 0}"
    "td,th{border:1px solid #000;padding:.2em .5em;text-align:right}"
    "th{font-weight:normal}footer{margin-top:3em}@media print{body{margin:0}}"
)


def printable(explanation: Explanation) -> str:
    """One page to print, sign and file."""
    row = explanation.view.row
    paragraphs = "".join(f"<p>{number}. {escape(text)}</p>" for number, text in enumerate(explanation.sentences, 1))
    rows = "".join(
        f"<tr><td>{one.start}</td><td>{one.end}</td><td>{one.days}</td><td>{yuan(one.balance_fen)}</td>"
        f"<td>{percent(one.rate_ppm)}%</td><td>{share_text(one.share6)}</td></tr>"
        for one in explanation.view.segments
    )
    table = (
        "<table><tr><th>自（含）</th><th>至（不含）</th><th>天数</th><th>可贴息余额（元）</th><th>贴息年利率</th><th>财政比例</th></tr>"
        f"{rows}</table>"
        if rows
        else ""
    )
    shares = "".join(
        f"<tr><th>{PAYERS[payer]}</th><td>{yuan(fen)}</td></tr>" for payer, fen in explanation.payers.items()
    )
    payers = f"<table><tr><th>分担方</th><th>金额（元）</th></tr>{shares}</table>" if shares else ""
    verdict = "复算一致。" if explanation.is_exact else "复算不一致，请立即核查。"
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>贴息明细说明 第{row.number}行</title>'
        f"<style>{_STYLE}</style></head><body><h1>贴息明细说明</h1>"
        f"<p>批次编号：{explanation.batch.id}　　贷款编号：{row.loan_id}</p>{paragraphs}{table}{payers}<p>{verdict}</p>"
        "<footer>复核人：＿＿＿＿＿＿　　日期：＿＿＿＿＿＿</footer></body></html>"
    )
