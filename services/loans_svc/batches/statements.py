"""The statements that make a batch's lines. Arithmetic on integers, one rounding, no row read twice (S6–S12, S20).

The quarters to compute come as arrays, a row for each quarter, way of cutting quarters and way of counting days: its
first day and the day after, and their numbers under that day count. `sum_bigint` sums without a detour by numeric and
fails when the sum is no bigint.
"""

from sqlalchemy import text

_PERIODS = """
    unnest(CAST(:quarters AS text[]), CAST(:schemes AS text[]), CAST(:thirties AS boolean[]), CAST(:firsts AS date[]),
           CAST(:afters AS date[]), CAST(:first_nos AS int[]), CAST(:after_nos AS int[]))
        AS p (quarter, scheme, is_thirty, first, after, first_no, after_no)
"""
_VALUED = f"""
    SELECT *, (2 * numerator + 6000000::bigint * basis) / (12000000::bigint * basis) AS fen
    FROM (
        SELECT g.loan_id, g.tranche, p.quarter, g.version, g.payer_scheme, g.basis,
            sum_bigint(g.balance_fen * g.rate_ppm * g.share6
                * (least(g.to_no, p.after_no) - greatest(g.from_no, p.first_no))) AS numerator,
            (sum(least(g.to_no, p.after_no) - greatest(g.from_no, p.first_no)) FILTER (WHERE g.balance_fen > 0))
                ::int AS days,
            min(g.rate_ppm) AS least_rate, max(g.rate_ppm) AS most_rate,
            min(g.share6) AS least_share, max(g.share6) AS most_share
        FROM loan_segment g
        JOIN {_PERIODS} ON p.scheme = g.period_scheme AND p.is_thirty = g.is_thirty
            AND g.from_on < p.after AND g.to_on > p.first
        WHERE g.bank = :bank AND g.unit = :unit AND g.from_on < :last_after AND g.to_on > :first_day {{more}}
        GROUP BY g.loan_id, g.tranche, p.quarter, g.version, g.payer_scheme, g.basis
    ) AS summed
    {{order}}
"""  # noqa: S608  fragments of this file
COLUMNS = (
    "batch_id", "number", "loan_id", "story", "kind", "tranche", "relates_to", "amount_fen", "days", "rate_ppm",
    "share6", "numerator", "denominator", "reverses_batch", "reverses_number", "payer_scheme",
)  # fmt: skip
_PAYERS = "coalesce(payer_scheme, CASE tranche WHEN 'STATE' THEN CAST(:state_scheme AS text) ELSE :local_scheme END)"
_ARITHMETIC = """days, CASE WHEN least_rate = most_rate THEN least_rate END,
    CASE WHEN least_share = most_share THEN least_share END, numerator, 6000000::bigint * basis"""

# What no batch has claimed yet: all loans, in the order of the segments' key, as the table takes them.
CLAIM = text(
    f"""
    SELECT CAST(:batch AS uuid), (row_number() OVER ())::int, loan_id, version,
        CASE quarter WHEN :period THEN 'CLAIM' ELSE 'REPOST' END, tranche, quarter, fen, {_ARITHMETIC},
        CAST(NULL AS uuid), CAST(NULL AS int), {_PAYERS}
    FROM ({_VALUED.format(more="", order="ORDER BY loan_id, tranche, quarter")}) AS valued WHERE fen <> 0
    """  # noqa: S608  fragments of this file
)

# Loans with a segment that does not reach half a fen: where all of them together do not either, there is no line.
_SMALL = f"""
    AND g.loan_id = ANY(ARRAY(
        SELECT DISTINCT s.loan_id FROM loan_segment s
        JOIN {_PERIODS} ON p.scheme = s.period_scheme AND p.is_thirty = s.is_thirty
            AND s.from_on < p.after AND s.to_on > p.first
        WHERE s.bank = :bank AND s.unit = :unit AND s.from_on < :last_after AND s.to_on > :first_day
            AND 2 * s.balance_fen * s.rate_ppm * s.share6
                * (least(s.to_no, p.after_no) - greatest(s.from_no, p.first_no)) < 6000000::bigint * s.basis))
"""  # noqa: S608  fragments of this file
ZEROS = text(
    f"""
    SELECT CASE WHEN numerator <> 0 THEN 'ROUNDED_TO_ZERO'
                WHEN days IS NULL THEN 'NO_BALANCE'
                WHEN most_rate = 0 THEN 'NO_RATE'
                WHEN most_share = 0 THEN 'NO_SHARE'
                ELSE 'NO_DAYS' END AS reason, count(*) AS lines
    FROM ({_VALUED.format(more=_SMALL, order="")}) AS valued WHERE fen = 0 GROUP BY 1
    """  # noqa: S608  fragments of this file
)

# Of some loans the lines that stand beside what they are worth now, where the two differ.
_WRONG = f"""
    valued AS ({_VALUED.format(more="AND g.loan_id = ANY(ARRAY(SELECT loan_id FROM changed))", order="")}),
    standing AS (
        SELECT l.* FROM changed c
        JOIN subsidy_line l ON l.loan_id = c.loan_id
        JOIN subsidy_batch b ON b.id = l.batch_id AND b.state <> 'REJECTED'
        WHERE l.batch_id IS DISTINCT FROM CAST(:batch AS uuid) AND l.kind IN ('CLAIM', 'REPOST') AND NOT EXISTS (
            SELECT FROM subsidy_line r JOIN subsidy_batch rb ON rb.id = r.batch_id AND rb.state <> 'REJECTED'
            WHERE r.reverses_batch = l.batch_id AND r.reverses_number = l.number)
    ),
    wrong AS (
        SELECT v.loan_id AS v_loan, v.tranche AS v_tranche, v.quarter, v.version, v.fen, v.days AS v_days, v.numerator
            AS v_numerator, v.basis, v.least_rate, v.most_rate, v.least_share, v.most_share, v.payer_scheme AS v_payer,
            s.*
        FROM (SELECT * FROM valued WHERE fen <> 0) AS v
        FULL JOIN standing s ON s.loan_id = v.loan_id AND s.tranche = v.tranche AND s.relates_to = v.quarter
        WHERE v.fen IS DISTINCT FROM s.amount_fen
    )
"""  # noqa: S608  fragments of this file

# What was claimed before and is told otherwise since: only loans with a change that no standing batch has seen.
CORRECT = text(
    f"""
    WITH changed AS MATERIALIZED (
        SELECT DISTINCT loan_id FROM loan_change
        WHERE bank = :bank AND unit = :unit AND serial > :seen AND changed_from < :claimed_until
    ),
    {_WRONG},
    entries AS (
        SELECT loan_id, 0 AS story, 'REVERSAL' AS kind, tranche, relates_to, -amount_fen AS fen,
            CAST(NULL AS int) AS days, CAST(NULL AS int) AS rate, CAST(NULL AS smallint) AS share,
            CAST(NULL AS bigint) AS numerator, CAST(NULL AS bigint) AS denominator, batch_id, number, payer_scheme
        FROM wrong WHERE amount_fen IS NOT NULL
        UNION ALL
        SELECT loan_id, version, 'REPOST', tranche, quarter, fen, {_ARITHMETIC}, NULL, NULL, {_PAYERS}
        FROM (SELECT v_loan AS loan_id, version, v_tranche AS tranche, quarter, fen, v_days AS days, v_numerator
                AS numerator, basis, least_rate, most_rate, least_share, most_share, v_payer AS payer_scheme
              FROM wrong WHERE fen IS NOT NULL) AS again
    )
    INSERT INTO subsidy_line ({", ".join(COLUMNS)})
    SELECT :batch, :written + row_number() OVER (ORDER BY loan_id, tranche, relates_to, kind DESC), loan_id, story,
        kind, tranche, relates_to, fen, days, rate, share, numerator, denominator, batch_id, number, payer_scheme
    FROM entries
    """  # noqa: S608  fragments of this file
)

TOTALS = text(
    "SELECT payer_scheme, count(*), sum(amount_fen)::bigint FROM subsidy_line WHERE batch_id = :batch GROUP BY 1"
)

# Places that are posted otherwise than the segments say, although every change of their loans was seen (S22).
UNSEEN = text(
    f"""
    WITH changed AS MATERIALIZED (
        SELECT loan_id FROM loan_story WHERE bank = :bank AND unit = :unit
        EXCEPT SELECT loan_id FROM loan_change WHERE bank = :bank AND unit = :unit AND serial > :seen
    ),
    {_WRONG}
    SELECT count(*) FROM wrong
    """  # noqa: S608  fragments of this file
)

# Batches whose lines, total, shares and payers do not sum to one another.
UNEVEN = text(
    """
    SELECT b.id FROM subsidy_batch b
    LEFT JOIN LATERAL (SELECT count(*) AS lines, coalesce(sum(amount_fen), 0) AS fen
        FROM subsidy_line l WHERE l.batch_id = b.id) l ON true
    LEFT JOIN LATERAL (SELECT coalesce(sum(s.total_fen), 0) AS fen,
            bool_and(s.payer_scheme = '' OR s.payable_fen = (SELECT coalesce(sum(value::bigint), 0)
                FROM jsonb_each_text(s.payers))) AS is_split
        FROM batch_share s WHERE s.batch_id = b.id AND s.revision = (
            SELECT max(revision) FROM batch_share o WHERE o.batch_id = b.id)) s ON true
    LEFT JOIN LATERAL (SELECT
            coalesce(sum(amount_fen) FILTER (WHERE debit = 'EXPENSE'), 0)
                - coalesce(sum(amount_fen) FILTER (WHERE credit = 'EXPENSE'), 0) AS expense,
            coalesce(sum(amount_fen) FILTER (WHERE credit = 'PAYABLE'), 0)
                - coalesce(sum(amount_fen) FILTER (WHERE debit = 'PAYABLE'), 0) AS payable
        FROM subsidy_transfer t WHERE t.batch_id = b.id) t ON true
    WHERE b.bank = :bank AND b.unit = :unit AND b.state NOT IN ('PENDING', 'REJECTED') AND (
        (l.lines, l.fen) IS DISTINCT FROM (b.lines::bigint, b.total_fen::numeric) OR s.fen <> b.total_fen
        OR NOT coalesce(s.is_split, true)
        OR (b.state IN ('APPROVED', 'PAID', 'CLOSED') AND t.expense <> b.total_fen)
        OR (b.state IN ('PAID', 'CLOSED') AND t.payable <> 0))
    ORDER BY b.period
    """
)
