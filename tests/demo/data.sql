-- Rows of the demo schema, included by schema.sql inside its transaction and search_path.

-- A number in [0, 1) that depends on the key alone.
CREATE FUNCTION pg_temp.unit(key text) RETURNS double precision LANGUAGE sql IMMUTABLE
    AS $$ SELECT ('x' || pg_catalog.substr(pg_catalog.md5(key), 1, 8))::bit(32)::bigint / 4294967296.0 $$;
-- An element of a list; a power above 1 prefers its beginning.
CREATE FUNCTION pg_temp.pick(list text[], key text, power double precision = 1) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT list[1 + floor(cardinality(list) * pg_temp.unit(key) ^ power)::int] $$;
-- Normally distributed around 0 with deviation 1.
CREATE FUNCTION pg_temp.bell(key text) RETURNS double precision LANGUAGE sql IMMUTABLE
    AS $$ SELECT sqrt(-2 * ln(1 - pg_temp.unit(key || 'r'))) * cos(2 * pi() * pg_temp.unit(key || 'a')) $$;

INSERT INTO payer (payer_id, name, payer_type, hq_city, founded_year, service_email) VALUES
    (1, 'Northwell Mutual', 'nonprofit', 'Hartford', 1938, 'service@northwellmutual.example'),
    (2, 'Cascade Health', 'commercial', 'Seattle', 1971, 'help@cascadehealth.example'),
    (3, 'Blue Harbor Insurance', 'commercial', 'Boston', 1929, 'care@blueharbor.example'),
    (4, 'Prairie States Care', 'nonprofit', 'Omaha', 1946, NULL),
    (5, 'Lone Star Assurance', 'commercial', 'Austin', 1988, 'members@lonestarassurance.example'),
    (6, 'Golden Coast Health Plan', 'commercial', 'Sacramento', 1995, 'hello@goldencoast.example'),
    (7, 'State Medical Assistance', 'government', 'Albany', 1966, NULL),
    (8, 'Juniper Digital Health', 'commercial', 'Denver', 2016, 'team@juniper.example');

INSERT INTO plan (plan_id, payer_id, name, tier, monthly_premium, deductible_amt, offered_during, states, benefits)
SELECT row_number() OVER (ORDER BY payer_id, tier),
       payer_id,
       initcap(tier::text) || ' ' || (ARRAY['Choice', 'Open', 'Classic', 'Family', 'Select', 'Sunshine', 'Basic', 'Click'])[payer_id],
       tier,
       round((ARRAY[285, 372, 468, 590])[level] * (0.85 + 0.3 * pg_temp.unit('premium' || payer_id))::numeric, 2),
       (ARRAY[6500, 3800, 1500, 400])[level] - 50 * (payer_id % 4),
       CASE WHEN (payer_id * 7 + level) % 9 = 0 THEN daterange('2020-01-01', '2023-01-01')
            WHEN (payer_id + level) % 7 = 0 THEN daterange('2022-01-01', NULL)
            ELSE daterange('2020-01-01', NULL) END,
       (ARRAY['NY', 'CA', 'TX', 'WA', 'MA', 'IL', 'CO', 'NE', 'NC', 'AZ'])[1 + payer_id % 4 : 4 + payer_id % 4 + level],
       jsonb_build_object('dental', level >= 3, 'vision', level >= 2 AND payer_id % 2 = 0,
                          'copay', jsonb_build_object('office_visit', 45 - 10 * level, 'emergency', 500 - 100 * level))
FROM (SELECT payer_id, tier, array_position(enum_range(NULL::plan_tier), tier) AS level
      FROM payer, unnest(enum_range(NULL::plan_tier)) AS tier) AS offer
WHERE NOT (payer_id IN (4, 7, 8) AND level = 4) AND NOT (payer_id = 7 AND level = 3);

INSERT INTO facility (facility_id, name, facility_type, city, state, bed_count, opened_on)
SELECT ordinality, place.name, kind, place.city, place.state,
       CASE kind WHEN 'hospital' THEN 80 + 10 * floor(60 * pg_temp.unit('beds' || ordinality) ^ 2)::int END,
       date '1924-03-01' + floor(33000 * sqrt(pg_temp.unit('opened' || ordinality)))::int
FROM ROWS FROM (unnest(
        ARRAY['Harborview General Hospital', 'Lakeside Clinic', 'Mount Adams Hospital', 'Riverside Medical Center',
              'Elm Street Clinic', 'Pioneer Surgery Center', 'St. Brigid Hospital', 'Bayfront Clinic', 'Mesa Family Clinic',
              'Union Square Hospital', 'Greenwood Clinic', 'Alamo Surgery Center', 'Prairie View Hospital', 'Foothills Clinic',
              'Capitol Day Surgery', 'Queens Park Clinic'],
        ARRAY['hospital', 'clinic', 'hospital', 'hospital', 'clinic', 'surgery center', 'hospital', 'clinic', 'clinic',
              'hospital', 'clinic', 'surgery center', 'hospital', 'clinic', 'surgery center', 'clinic'],
        ARRAY['Seattle', 'Chicago', 'Seattle', 'Austin', 'Boston', 'Denver', 'Boston', 'San Diego', 'Phoenix',
              'New York', 'Charlotte', 'San Antonio', 'Omaha', 'Denver', 'Sacramento', 'New York'],
        ARRAY['WA', 'IL', 'WA', 'TX', 'MA', 'CO', 'MA', 'CA', 'AZ', 'NY', 'NC', 'TX', 'NE', 'CO', 'CA', 'NY']))
     WITH ORDINALITY AS place (name, kind, city, state, ordinality);

-- The first 10 head a specialty and report to the first of all; the others report to their head.
INSERT INTO provider (provider_id, first_name, last_name, specialty, supervisor_id, licensed_on, languages, visit_fee,
                      takes_new_patients, email)
SELECT i, first_name, last_name, specialties[head], CASE WHEN i = 1 THEN NULL WHEN i <= 10 THEN 1 ELSE head END,
       date '1985-06-01' + floor(12800 * pg_temp.unit('license' || i))::int - CASE WHEN i <= 10 THEN 400 ELSE 0 END,
       CASE WHEN pg_temp.unit('spanish' || i) < 0.34 THEN '{English,Spanish}'::text[]
            WHEN pg_temp.unit('spanish' || i) < 0.45 THEN '{English,Mandarin}'
            WHEN pg_temp.unit('spanish' || i) < 0.51 THEN '{English,French,Arabic}' ELSE '{English}' END,
       5 * round(((ARRAY[24, 48, 40, 30, 44, 26, 42, 36, 38, 52])[head] * (0.9 + 0.35 * pg_temp.unit('fee' || i)))::numeric),
       pg_temp.unit('new' || i) < 0.72,
       lower(first_name || '.' || last_name) || i || '@clinicians.example'
FROM (SELECT i,
             ARRAY['Family Medicine', 'Cardiology', 'Orthopedics', 'Pediatrics', 'Oncology', 'Psychiatry',
                   'Gastroenterology', 'Dermatology', 'Endocrinology', 'Neurology'] AS specialties,
             CASE WHEN i <= 10 THEN i ELSE 1 + floor(10 * pg_temp.unit('specialty' || i) ^ 1.6)::int END AS head,
             pg_temp.pick('{Amara,Benjamin,Carla,Daniel,Elena,Farid,Grace,Hiro,Ines,Jonas,Keisha,Leo,Mei,Noah,Olga,Priya,Quentin,Rosa,Samuel,Tariq,Ursula,Viktor,Wendy,Yusuf,Zoe}',
                          'provider first' || i) AS first_name,
             pg_temp.pick('{Abbott,Banerjee,Castillo,Dubois,Eriksen,Fischer,Goldberg,Huang,Ibrahim,Jensen,Kowalski,Lindqvist,Morales,Nakamura,Okafor,Petrov,Quinn,Rossi,Schmidt,Tanaka,Usman,Vargas,Whitfield,Yamada}',
                          'provider last' || i) AS last_name
      FROM generate_series(1, 72) AS i) AS person;

INSERT INTO provider_facility (provider_id, facility_id, works_since)
SELECT DISTINCT ON (provider_id, facility_id) provider_id, facility_id,
       greatest(licensed_on, opened_on, date '1998-01-05') + floor(365 * 3 * pg_temp.unit('since' || provider_id || ':' || n))::int
FROM (SELECT p.provider_id, p.licensed_on, n,
             1 + floor(16 * pg_temp.unit('place' || p.provider_id || ':' || n) ^ 1.3)::int AS facility_id
      FROM provider AS p, generate_series(1, 2) AS n
      WHERE n = 1 OR pg_temp.unit('second' || p.provider_id) < 0.4) AS job
JOIN facility USING (facility_id)
ORDER BY provider_id, facility_id, n;

-- Every third member is a child or partner under the policy of the member before.
INSERT INTO member (member_id, member_no, first_name, last_name, gender, birth_date, email, phone, street_addr, city, state,
                    postal_cd, joined_on, subscriber_id, primary_care_provider_id)
SELECT i, 'M' || lpad((100000 + i * 37)::text, 6, '0'), first_name,
       pg_temp.pick('{Smith,Johnson,Garcia,Brown,Nguyen,Miller,Davis,Rodriguez,Martinez,Wilson,Anderson,Thomas,Taylor,Moore,Lee,Perez,Thompson,White,Harris,Clark,Ramirez,Walker,Young,Allen,King,Wright,Scott,Torres,Hill,Flores,Green,Adams,Baker,Nelson,Carter,Patel,Kim,Okoye,Novak,Haddad}',
                    'last' || holder, 1.4),
       gender,
       CASE WHEN i <> holder THEN date '1988-01-01' + floor(12000 * pg_temp.unit('child' || i))::int
            ELSE date '1941-01-01' + floor(22500 * (pg_temp.unit('birth' || i) + pg_temp.unit('birth again' || i)) / 2)::int END,
       CASE WHEN pg_temp.unit('mail' || i) < 0.82
            THEN lower(first_name) || i || '@' || pg_temp.pick('{mail,post,inbox}', 'host' || i) || '.example' END,
       CASE WHEN pg_temp.unit('phone' || i) < 0.9
            THEN '(' || (ARRAY[212, 206, 512, 617, 312, 619, 303, 402, 916, 704, 602, 210])[home] || ') 555-'
                 || lpad(floor(10000 * pg_temp.unit('line' || i))::int::text, 4, '0') END,
       1 + floor(2400 * pg_temp.unit('house' || holder))::int || ' '
           || pg_temp.pick('{Oak,Maple,Cedar,Lake,Hill,Park,Washington,Second,Sunset,Mill}', 'street' || holder)
           || pg_temp.pick('{" Street"," Avenue"," Road"," Lane"}', 'ending' || holder),
       (ARRAY['New York', 'Seattle', 'Austin', 'Boston', 'Chicago', 'San Diego', 'Denver', 'Omaha', 'Sacramento', 'Charlotte',
              'Phoenix', 'San Antonio'])[home],
       (ARRAY['NY', 'WA', 'TX', 'MA', 'IL', 'CA', 'CO', 'NE', 'CA', 'NC', 'AZ', 'TX'])[home],
       (ARRAY['100', '981', '787', '021', '606', '921', '802', '681', '958', '282', '850', '782'])[home]
           || lpad((1 + floor(60 * pg_temp.unit('zip' || holder)))::int::text, 2, '0'),
       date '2020-09-01' + floor(1500 * pg_temp.unit('joined' || holder) ^ 1.3)::int,
       nullif(holder, i),
       CASE WHEN pg_temp.unit('doctor' || i) < 0.78 THEN doctors[1 + floor(cardinality(doctors) * pg_temp.unit('which' || i) ^ 1.5)::int] END
FROM (SELECT i, holder, gender, 1 + floor(12 * pg_temp.unit('home' || holder) ^ 1.5)::int AS home,
             CASE gender
                 WHEN 'female' THEN pg_temp.pick('{Mary,Linda,Jennifer,Maria,Susan,Emily,Sofia,Aisha,Hannah,Chloe,Naomi,Ruth,Lucia,Grace,Ivy}', 'first' || i)
                 WHEN 'male' THEN pg_temp.pick('{James,Robert,John,Michael,David,Carlos,Omar,Ethan,Lucas,Andre,Peter,Felix,Ravi,Tom,Isaac}', 'first' || i)
                 ELSE pg_temp.pick('{Alex,Sam,Robin,Jules}', 'first' || i) END AS first_name
      FROM (SELECT i,
                   CASE WHEN i % 3 = 0 AND pg_temp.unit('family' || i) < 0.8 THEN i - 1 ELSE i END AS holder,
                   CASE WHEN pg_temp.unit('gender' || i) < 0.52 THEN 'female'
                        WHEN pg_temp.unit('gender' || i) < 0.985 THEN 'male' ELSE 'nonbinary' END AS gender
            FROM generate_series(1, 600) AS i) AS base) AS person
CROSS JOIN (SELECT array_agg(provider_id ORDER BY provider_id) AS doctors
            FROM provider WHERE specialty IN ('Family Medicine', 'Pediatrics')) AS practice;

-- A first plan for everyone from the day of joining; about a third change once; a few leave.
INSERT INTO enrollment (member_id, plan_id, started_on, ended_on)
WITH choice AS (
    SELECT member_id, joined_on,
           1 + floor(28 * pg_temp.unit('plan' || coalesce(subscriber_id, member_id)) ^ 1.4)::int AS first_plan,
           1 + floor(28 * pg_temp.unit('next plan' || member_id))::int AS next_plan,
           CASE WHEN pg_temp.unit('change' || member_id) < 0.34
                THEN date_trunc('year', joined_on + interval '14 months')::date END AS changed_on,
           CASE WHEN pg_temp.unit('left' || member_id) < 0.09
                THEN (date '2024-01-31' + floor(500 * pg_temp.unit('left day' || member_id))::int) END AS left_on
    FROM member)
SELECT member_id, first_plan, joined_on,
       CASE WHEN changed_on IS NOT NULL AND next_plan <> first_plan THEN changed_on - 1
            WHEN left_on > joined_on THEN left_on END
FROM choice
UNION ALL
SELECT member_id, next_plan, changed_on, CASE WHEN left_on > changed_on THEN left_on END
FROM choice
WHERE changed_on IS NOT NULL AND next_plan <> first_plan;

INSERT INTO diagnosis (diagnosis_code, description, medical_field, is_chronic) VALUES
    ('J06.9', 'Acute upper respiratory infection', 'Family Medicine', false),
    ('I10', 'Essential hypertension', 'Family Medicine', true),
    ('J45.90', 'Asthma', 'Family Medicine', true),
    ('N39.0', 'Urinary tract infection', 'Family Medicine', false),
    ('M54.5', 'Low back pain', 'Family Medicine', false),
    ('I25.10', 'Coronary artery disease', 'Cardiology', true),
    ('I48.91', 'Atrial fibrillation', 'Cardiology', true),
    ('I50.9', 'Heart failure', 'Cardiology', true),
    ('R07.9', 'Chest pain', 'Cardiology', false),
    ('M17.11', 'Osteoarthritis of the right knee', 'Orthopedics', true),
    ('S52.50', 'Fracture of the lower radius', 'Orthopedics', false),
    ('M75.10', 'Rotator cuff tear', 'Orthopedics', false),
    ('H66.90', 'Middle ear infection', 'Pediatrics', false),
    ('J02.9', 'Sore throat', 'Pediatrics', false),
    ('C50.91', 'Breast cancer', 'Oncology', true),
    ('C34.90', 'Lung cancer', 'Oncology', true),
    ('C61', 'Prostate cancer', 'Oncology', true),
    ('F41.1', 'Generalized anxiety disorder', 'Psychiatry', true),
    ('F32.9', 'Depression', 'Psychiatry', true),
    ('F51.01', 'Insomnia', 'Psychiatry', false),
    ('K21.9', 'Acid reflux', 'Gastroenterology', true),
    ('K57.30', 'Diverticulosis', 'Gastroenterology', true),
    ('K80.20', 'Gallstones', 'Gastroenterology', false),
    ('L20.9', 'Atopic dermatitis', 'Dermatology', true),
    ('L70.0', 'Acne', 'Dermatology', false),
    ('E11.9', 'Type 2 diabetes', 'Endocrinology', true),
    ('E03.9', 'Hypothyroidism', 'Endocrinology', true),
    ('G43.90', 'Migraine', 'Neurology', true),
    ('G40.90', 'Epilepsy', 'Neurology', true),
    ('G56.01', 'Carpal tunnel syndrome', 'Neurology', false);

-- Visits spread over a member's time with the insurer; a few members come often, a few providers are busy.
INSERT INTO encounter (encounter_id, member_id, provider_id, facility_id, kind, started_at, ended_at, main_diagnosis_code,
                       vitals, satisfaction)
SELECT row_number() OVER (ORDER BY started_at, i), member_id, provider_id,
       CASE WHEN kind <> 'telehealth' THEN
           (SELECT facility_id FROM provider_facility AS w WHERE w.provider_id = visit.provider_id
            ORDER BY pg_temp.unit('room' || i || ':' || facility_id) LIMIT 1) END,
       kind, started_at,
       started_at + interval '1 minute' * ceil(exp(0.35 * pg_temp.bell('minutes' || i))
           * CASE kind WHEN 'telehealth' THEN 14 WHEN 'office_visit' THEN 24 WHEN 'urgent_care' THEN 55
                       WHEN 'emergency' THEN 210 WHEN 'surgery' THEN 320 ELSE 5200 END),
       CASE WHEN pg_temp.unit('check-up' || i) >= 0.12 THEN
           (SELECT diagnosis_code FROM (
                SELECT diagnosis_code, row_number() OVER (ORDER BY diagnosis_code) AS position, count(*) OVER () AS choices
                FROM diagnosis WHERE medical_field = visit.specialty) AS known
            WHERE position = 1 + floor(choices * pg_temp.unit('diagnosis' || i) ^ 1.4)::int) END,
       CASE WHEN kind <> 'telehealth' THEN jsonb_build_object(
           'pulse', round((74 + 9 * pg_temp.bell('pulse' || i))::numeric),
           'temperature', round((36.8 + 0.4 * pg_temp.bell('warm' || i))::numeric, 1),
           'systolic', round((124 + 13 * pg_temp.bell('pressure' || i))::numeric)) END,
       CASE WHEN pg_temp.unit('rated' || i) < 0.46 THEN 5 - floor(5 * pg_temp.unit('stars' || i) ^ 2.2)::int END
FROM (SELECT i, m.member_id, p.provider_id, p.specialty,
             CASE WHEN p.specialty IN ('Orthopedics', 'Oncology', 'Gastroenterology') AND pg_temp.unit('theater' || i) < 0.16 THEN 'surgery'
                  WHEN pg_temp.unit('kind' || i) < 0.50 THEN 'office_visit' WHEN pg_temp.unit('kind' || i) < 0.73 THEN 'telehealth'
                  WHEN pg_temp.unit('kind' || i) < 0.86 THEN 'urgent_care' WHEN pg_temp.unit('kind' || i) < 0.95 THEN 'emergency'
                  ELSE 'inpatient_stay' END::encounter_kind AS kind,
             (m.joined_on + 5 + floor((date '2025-06-30' - m.joined_on - 5) * pg_temp.unit('day' || i))::int)
                 + time '07:30' + interval '5 minutes' * floor(124 * (pg_temp.unit('hour' || i) + pg_temp.unit('hour again' || i)) / 2) AS local_time
      FROM (SELECT i,
                   1 + floor(600 * pg_temp.unit('who' || i) ^ 1.7)::int AS member_rank,
                   1 + floor(72 * pg_temp.unit('whom' || i) ^ 1.5)::int AS provider_rank
            FROM generate_series(1, 2400) AS i) AS draw
      JOIN member AS m ON m.member_id = 1 + (member_rank * 7919) % 600
      JOIN provider AS p ON p.provider_id = 1 + (provider_rank * 31) % 72) AS visit
CROSS JOIN LATERAL (SELECT local_time AT TIME ZONE 'UTC' AS started_at) AS clock;

INSERT INTO medical_procedure (procedure_code, description, category, list_price) VALUES
    ('99213', 'Office visit, established patient', 'visit', 128.00),
    ('99214', 'Office visit, extended', 'visit', 186.00),
    ('99421', 'Online consultation', 'visit', 62.00),
    ('99284', 'Emergency department visit', 'visit', 890.00),
    ('99223', 'Initial hospital care', 'visit', 410.00),
    ('0120', 'Hospital room, per day', 'stay', 2150.00),
    ('80053', 'Comprehensive metabolic panel', 'laboratory', 48.00),
    ('85025', 'Complete blood count', 'laboratory', 31.00),
    ('83036', 'Hemoglobin A1c', 'laboratory', 39.00),
    ('81001', 'Urinalysis', 'laboratory', 18.00),
    ('71046', 'Chest X-ray', 'imaging', 142.00),
    ('73721', 'MRI of the knee', 'imaging', 1240.00),
    ('70450', 'CT of the head', 'imaging', 985.00),
    ('93000', 'Electrocardiogram', 'imaging', 88.00),
    ('27447', 'Total knee replacement', 'surgery', 24800.00),
    ('47562', 'Gallbladder removal', 'surgery', 11900.00),
    ('29827', 'Rotator cuff repair', 'surgery', 13450.00),
    ('19301', 'Partial mastectomy', 'surgery', 9800.00),
    ('90471', 'Vaccination', 'treatment', 36.00),
    ('96372', 'Injection', 'treatment', 54.00),
    ('97110', 'Physical therapy session', 'treatment', 96.00),
    ('90834', 'Psychotherapy, 45 minutes', 'treatment', 158.00);

-- The services of an encounter: one that belongs to its kind, and up to four more.
CREATE TEMPORARY TABLE service ON COMMIT DROP AS
SELECT encounter_id, row_number() OVER (PARTITION BY encounter_id ORDER BY n)::smallint AS line_no, procedure_code,
       CASE WHEN procedure_code = '0120' THEN greatest(1, round(extract(epoch FROM ended_at - started_at) / 86400)::int)
            WHEN category = 'treatment' AND pg_temp.unit('many' || encounter_id || ':' || n) < 0.25 THEN 2
            ELSE 1 END AS quantity,
       round(list_price * (0.92 + 0.3 * pg_temp.unit('price' || encounter_id || ':' || n))::numeric, 2) AS unit_price
FROM encounter
CROSS JOIN generate_series(0, 4) AS n
CROSS JOIN LATERAL (SELECT CASE
    WHEN n = 0 THEN CASE kind WHEN 'office_visit' THEN pg_temp.pick('{99213,99214}', 'visit' || encounter_id, 1.5)
                              WHEN 'telehealth' THEN '99421' WHEN 'urgent_care' THEN '99214' WHEN 'emergency' THEN '99284'
                              WHEN 'surgery' THEN pg_temp.pick('{29827,47562,19301,27447}', 'operation' || encounter_id)
                              ELSE '99223' END
    WHEN n = 1 AND kind = 'inpatient_stay' THEN '0120'
    ELSE pg_temp.pick('{80053,85025,96372,71046,93000,83036,81001,97110,90471,70450,90834,73721}',
                      'service' || encounter_id || ':' || n, 1.6) END AS procedure_code) AS chosen
JOIN medical_procedure USING (procedure_code)
WHERE n = 0 OR (n = 1 AND kind = 'inpatient_stay')
   OR (kind <> 'telehealth' AND pg_temp.unit('more' || encounter_id || ':' || n) < 0.62 / n);

-- Claims for the encounters that a plan covered; a few are never billed.
INSERT INTO claim (claim_id, claim_no, encounter_id, plan_id, status, submitted_on, decided_on, billed_amt, allowed_amt,
                   denial_reason)
SELECT claim_id, 'C-' || to_char(submitted_on, 'YYYY') || '-' || lpad(claim_id::text, 5, '0'), encounter_id, plan_id, status,
       submitted_on,
       CASE WHEN status NOT IN ('submitted', 'in_review') THEN submitted_on + 3 + floor(40 * pg_temp.unit('decided' || encounter_id) ^ 2)::int END,
       billed_amt,
       CASE WHEN status IN ('approved', 'paid') THEN round(billed_amt * (0.52 + 0.36 * pg_temp.unit('allowed' || encounter_id))::numeric, 2) END,
       CASE WHEN status = 'denied' THEN pg_temp.pick(
           '{"Prior authorization missing","Service not covered","Missing documentation","Out of network","Duplicate claim","Filed too late"}',
           'denial' || encounter_id, 1.5) END
FROM (SELECT row_number() OVER (ORDER BY submitted_on, encounter_id) AS claim_id, encounter_id, plan_id, submitted_on, billed_amt,
             CASE WHEN submitted_on > '2025-06-10' AND fate < 0.55 THEN 'submitted'
                  WHEN submitted_on > '2025-04-15' AND fate < 0.30 THEN 'in_review'
                  WHEN fate < 0.11 + CASE tier WHEN 'bronze' THEN 0.06 WHEN 'platinum' THEN -0.05 ELSE 0 END THEN 'denied'
                  WHEN fate > 0.94 THEN 'approved' ELSE 'paid' END::claim_status AS status
      FROM (SELECT e.encounter_id, c.plan_id, p.tier, pg_temp.unit('fate' || e.encounter_id) AS fate,
                   e.ended_at::date + 1 + floor(30 * pg_temp.unit('submitted' || e.encounter_id) ^ 2)::int AS submitted_on,
                   (SELECT sum(quantity * unit_price) FROM service AS s WHERE s.encounter_id = e.encounter_id) AS billed_amt
            FROM encounter AS e
            JOIN enrollment AS c ON c.member_id = e.member_id AND e.started_at::date BETWEEN c.started_on AND coalesce(c.ended_on, '2025-12-31')
            JOIN plan AS p USING (plan_id)
            WHERE pg_temp.unit('billed' || e.encounter_id) < 0.94) AS covered) AS judged;

INSERT INTO claim_line (claim_id, line_no, procedure_code, quantity, unit_price)
SELECT claim_id, line_no, procedure_code, quantity, unit_price
FROM service JOIN claim USING (encounter_id);

-- Paid claims: the plan's share of the allowed amount, one in eight of the larger ones in two parts.
INSERT INTO payment (payment_id, claim_id, paid_on, amount, method)
SELECT row_number() OVER (ORDER BY decided_on, claim_id, part), claim_id,
       decided_on + 2 + floor(12 * pg_temp.unit('paid' || claim_id))::int + CASE part WHEN 2 THEN 30 ELSE 0 END,
       CASE WHEN parts = 1 THEN share WHEN part = 1 THEN round(share / 2, 2) ELSE share - round(share / 2, 2) END,
       pg_temp.pick('{bank_transfer,check,card}', 'method' || claim_id, 2.2)::payment_method
FROM (SELECT claim_id, decided_on, round(allowed_amt * (ARRAY[0.6, 0.7, 0.8, 0.9])[array_position(enum_range(NULL::plan_tier), tier)], 2) AS share,
             CASE WHEN allowed_amt > 300 AND pg_temp.unit('parts' || claim_id) < 0.125 THEN 2 ELSE 1 END AS parts
      FROM claim JOIN plan USING (plan_id)
      WHERE status = 'paid') AS settled
CROSS JOIN LATERAL generate_series(1, parts) AS part;
