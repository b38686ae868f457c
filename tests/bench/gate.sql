-- Statements over three tables of the demo schema, as many as `texts` that the gate accepts, and the loop to compare with.
CREATE FUNCTION bench_loop(explain text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE statement text; line record; done bigint := 0;
BEGIN
    FOR statement IN SELECT t.sql FROM public.bench_text t LOOP
        FOR line IN EXECUTE explain || statement LOOP END LOOP;
        FOR line IN EXECUTE statement LOOP END LOOP;
        done := done + 1;
    END LOOP;
    RETURN done;
END $$;

CREATE TEMP TABLE shape (number int, sql text);
INSERT INTO shape VALUES
(0, 'SELECT p.specialty, count(*) AS visits FROM encounter AS e JOIN provider AS p ON p.provider_id = e.provider_id JOIN member AS m ON m.member_id = e.member_id WHERE m.member_id = %s GROUP BY p.specialty ORDER BY visits DESC, p.specialty'),
(1, 'SELECT c.claim_no, e.started_at, p.amount FROM claim AS c JOIN encounter AS e ON e.encounter_id = c.encounter_id JOIN payment AS p ON p.claim_id = c.claim_id WHERE c.claim_id = %s ORDER BY p.paid_on'),
(2, 'SELECT l.line_no, x.description, l.quantity * l.unit_price AS charged FROM claim AS c JOIN claim_line AS l ON l.claim_id = c.claim_id JOIN medical_procedure AS x ON x.procedure_code = l.procedure_code WHERE c.claim_id = %s AND l.quantity >= 1'),
(3, 'SELECT m.first_name, m.last_name, avg(e.satisfaction) AS liked FROM encounter AS e JOIN member AS m ON m.member_id = e.member_id LEFT JOIN facility AS f ON f.facility_id = e.facility_id WHERE e.encounter_id BETWEEN %s AND %1$s + 20 GROUP BY m.member_id HAVING count(*) >= 1'),
(5, 'SELECT e.kind, d.description, f.name FROM encounter AS e JOIN diagnosis AS d ON d.diagnosis_code = e.main_diagnosis_code JOIN facility AS f ON f.facility_id = e.facility_id WHERE e.encounter_id = %s'),
(4, 'SELECT DISTINCT y.name FROM payer AS y JOIN plan AS n ON n.payer_id = y.payer_id JOIN claim AS c ON c.plan_id = n.plan_id WHERE c.claim_id IN (%s, %1$s + 7, %1$s + 31)');

SET search_path = insurer, public;
CREATE TABLE public.bench_text AS
SELECT row_number() OVER (ORDER BY hashtext(sql)) AS n, sql
FROM (SELECT t.sql FROM (SELECT format(s.sql, i) AS sql FROM generate_series(1, 2400) AS i, shape AS s) AS t,
             LATERAL nlsql.check_sql(t.sql) AS c
      WHERE c.ok LIMIT :texts) AS accepted;
ANALYZE public.bench_text;
