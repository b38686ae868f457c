-- Demo database of nlsql: a health insurer with plans, members, providers, encounters, claims and payments.
-- Made for an ordinary role that may create a schema in its database; every row follows from md5 of its key,
-- so that two installations hold the same rows. All names, people and amounts are invented.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET TimeZone = 'UTC';

BEGIN;

CREATE SCHEMA insurer;
COMMENT ON SCHEMA insurer IS 'A health insurer: plans, members, providers, encounters, claims and payments';
SET LOCAL search_path = insurer, pg_catalog;

-- Types ---------------------------------------------------------------------------------------------------

CREATE TYPE plan_tier AS ENUM ('bronze', 'silver', 'gold', 'platinum');
COMMENT ON TYPE plan_tier IS 'Level of cover of a plan, from the cheapest to the most complete';
CREATE TYPE encounter_kind AS ENUM
    ('office_visit', 'telehealth', 'urgent_care', 'emergency', 'surgery', 'inpatient_stay');
CREATE TYPE claim_status AS ENUM ('submitted', 'in_review', 'approved', 'denied', 'paid');
CREATE TYPE payment_method AS ENUM ('bank_transfer', 'check', 'card');

CREATE DOMAIN usd AS numeric(12, 2) CHECK (VALUE >= 0);
COMMENT ON DOMAIN usd IS 'An amount in US dollars, never negative';
CREATE DOMAIN email AS text CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+$');
CREATE DOMAIN state_code AS char(2) CHECK (VALUE ~ '^[A-Z]{2}$');

-- Tables --------------------------------------------------------------------------------------------------

CREATE TABLE payer (
    payer_id      integer PRIMARY KEY,
    name          text NOT NULL UNIQUE,
    payer_type    text NOT NULL CHECK (payer_type IN ('commercial', 'nonprofit', 'government')),
    hq_city       text NOT NULL,
    founded_year  smallint NOT NULL CHECK (founded_year BETWEEN 1850 AND 2025),
    service_email email
);
COMMENT ON TABLE payer IS 'Insurance companies and public programs that pay for care';
COMMENT ON COLUMN payer.hq_city IS 'City of the headquarters';
COMMENT ON COLUMN payer.founded_year IS 'Year in which the payer was founded';
COMMENT ON COLUMN payer.service_email IS 'Address of the customer service';

CREATE TABLE plan (
    plan_id        integer PRIMARY KEY,
    payer_id       integer NOT NULL REFERENCES payer,
    name           text NOT NULL,
    tier           plan_tier NOT NULL,
    monthly_premium usd NOT NULL,
    deductible_amt usd NOT NULL,
    offered_during daterange NOT NULL CHECK (NOT isempty(offered_during)),
    states         state_code[] NOT NULL,
    benefits       jsonb NOT NULL DEFAULT '{}',
    UNIQUE (payer_id, name)
);
COMMENT ON TABLE plan IS 'Health plans that payers sell';
COMMENT ON COLUMN plan.tier IS 'Level of cover';
COMMENT ON COLUMN plan.monthly_premium IS 'Premium per member and month, in US dollars';
COMMENT ON COLUMN plan.deductible_amt IS 'Yearly deductible, in US dollars';
COMMENT ON COLUMN plan.offered_during IS 'Period in which new members could join the plan';
COMMENT ON COLUMN plan.states IS 'States in which the plan is sold';
COMMENT ON COLUMN plan.benefits IS 'Extra benefits: dental, vision, and copays in US dollars';

CREATE TABLE facility (
    facility_id   integer PRIMARY KEY,
    name          text NOT NULL UNIQUE,
    facility_type text NOT NULL CHECK (facility_type IN ('hospital', 'clinic', 'surgery center')),
    city          text NOT NULL,
    state         state_code NOT NULL,
    bed_count     integer CHECK (bed_count > 0),
    opened_on     date NOT NULL,
    CHECK (facility_type = 'hospital' OR bed_count IS NULL)
);
COMMENT ON TABLE facility IS 'Places where care is given';
COMMENT ON COLUMN facility.bed_count IS 'Number of beds; only hospitals have any';
COMMENT ON COLUMN facility.opened_on IS 'Opening day';

CREATE TABLE provider (
    provider_id    integer PRIMARY KEY,
    first_name     text NOT NULL,
    last_name      text NOT NULL,
    specialty      text NOT NULL,
    supervisor_id  integer REFERENCES provider,
    licensed_on    date NOT NULL,
    languages      text[] NOT NULL DEFAULT '{English}',
    visit_fee      usd NOT NULL,
    takes_new_patients boolean NOT NULL,
    email          email NOT NULL UNIQUE,
    CHECK (supervisor_id <> provider_id)
);
COMMENT ON TABLE provider IS 'Doctors and other clinicians';
COMMENT ON COLUMN provider.specialty IS 'Medical specialty';
COMMENT ON COLUMN provider.supervisor_id IS 'The provider to whom this provider reports';
COMMENT ON COLUMN provider.licensed_on IS 'Day on which the license was granted';
COMMENT ON COLUMN provider.languages IS 'Languages spoken with patients';
COMMENT ON COLUMN provider.visit_fee IS 'Usual fee of a visit, in US dollars';
COMMENT ON COLUMN provider.takes_new_patients IS 'Whether new patients are accepted';

CREATE TABLE provider_facility (
    provider_id  integer NOT NULL REFERENCES provider,
    facility_id  integer NOT NULL REFERENCES facility,
    works_since  date NOT NULL,
    PRIMARY KEY (provider_id, facility_id)
);
COMMENT ON TABLE provider_facility IS 'Which provider works at which facility';
COMMENT ON COLUMN provider_facility.works_since IS 'First working day at the facility';

CREATE TABLE member (
    member_id      integer PRIMARY KEY,
    member_no      text NOT NULL UNIQUE CHECK (member_no ~ '^M[0-9]{6}$'),
    first_name     text NOT NULL,
    last_name      text NOT NULL,
    gender         text NOT NULL CHECK (gender IN ('female', 'male', 'nonbinary')),
    birth_date     date NOT NULL,
    email          email,
    phone          text,
    street_addr    text NOT NULL,
    city           text NOT NULL,
    state          state_code NOT NULL,
    postal_cd      text NOT NULL CHECK (postal_cd ~ '^[0-9]{5}$'),
    joined_on      date NOT NULL,
    subscriber_id  integer REFERENCES member,
    primary_care_provider_id integer REFERENCES provider,
    CHECK (joined_on > birth_date)
);
COMMENT ON TABLE member IS 'People insured under a plan';
COMMENT ON COLUMN member.member_no IS 'Number printed on the member card';
COMMENT ON COLUMN member.street_addr IS 'Street and house number';
COMMENT ON COLUMN member.postal_cd IS 'Postal code of the home address';
COMMENT ON COLUMN member.joined_on IS 'Day on which the person became a member';
COMMENT ON COLUMN member.subscriber_id IS 'The family member who holds the policy; empty for those who hold it themselves';
COMMENT ON COLUMN member.primary_care_provider_id IS 'The chosen family doctor, if any';
CREATE INDEX ON member (subscriber_id);

CREATE TABLE enrollment (
    member_id   integer NOT NULL REFERENCES member,
    plan_id     integer NOT NULL REFERENCES plan,
    started_on  date NOT NULL,
    ended_on    date,
    PRIMARY KEY (member_id, plan_id),
    CHECK (ended_on >= started_on)
);
COMMENT ON TABLE enrollment IS 'Which member was insured under which plan, and when';
COMMENT ON COLUMN enrollment.started_on IS 'First day of cover';
COMMENT ON COLUMN enrollment.ended_on IS 'Last day of cover; empty while the cover goes on';

CREATE TABLE diagnosis (
    diagnosis_code text PRIMARY KEY CHECK (diagnosis_code ~ '^[A-Z][0-9]{2}(\.[0-9]{1,2})?$'),
    description    text NOT NULL,
    medical_field  text NOT NULL,
    is_chronic     boolean NOT NULL
);
COMMENT ON TABLE diagnosis IS 'Diagnoses by ICD-10 code';
COMMENT ON COLUMN diagnosis.diagnosis_code IS 'ICD-10 code';
COMMENT ON COLUMN diagnosis.medical_field IS 'Field of medicine that treats it';
COMMENT ON COLUMN diagnosis.is_chronic IS 'Whether the condition is chronic';

CREATE TABLE encounter (
    encounter_id   integer PRIMARY KEY,
    member_id      integer NOT NULL REFERENCES member,
    provider_id    integer NOT NULL REFERENCES provider,
    facility_id    integer REFERENCES facility,
    kind           encounter_kind NOT NULL,
    started_at     timestamptz NOT NULL,
    ended_at       timestamptz NOT NULL,
    main_diagnosis_code text REFERENCES diagnosis,
    vitals         jsonb,
    satisfaction   smallint CHECK (satisfaction BETWEEN 1 AND 5),
    CHECK (ended_at > started_at),
    CHECK (kind <> 'telehealth' OR facility_id IS NULL)
);
COMMENT ON TABLE encounter IS 'Visits, stays and calls of members with providers';
COMMENT ON COLUMN encounter.kind IS 'Kind of encounter';
COMMENT ON COLUMN encounter.facility_id IS 'Where it took place; empty for telehealth';
COMMENT ON COLUMN encounter.main_diagnosis_code IS 'Main diagnosis; empty for check-ups';
COMMENT ON COLUMN encounter.vitals IS 'Measured values: pulse per minute, temperature in degrees Celsius, systolic pressure';
COMMENT ON COLUMN encounter.satisfaction IS 'Rating by the member from 1 (poor) to 5 (very good), if given';
CREATE INDEX ON encounter (member_id);
CREATE INDEX ON encounter (provider_id);

CREATE TABLE claim (
    claim_id      integer PRIMARY KEY,
    claim_no      text NOT NULL UNIQUE,
    encounter_id  integer NOT NULL UNIQUE REFERENCES encounter,
    plan_id       integer NOT NULL REFERENCES plan,
    status        claim_status NOT NULL,
    submitted_on  date NOT NULL,
    decided_on    date,
    billed_amt    usd NOT NULL,
    allowed_amt   usd,
    denial_reason text,
    CHECK (decided_on >= submitted_on),
    CHECK (allowed_amt <= billed_amt),
    CHECK ((status = 'denied') = (denial_reason IS NOT NULL))
);
COMMENT ON TABLE claim IS 'Bills sent to the insurer for an encounter';
COMMENT ON COLUMN claim.claim_no IS 'Number of the claim, as printed on letters';
COMMENT ON COLUMN claim.plan_id IS 'The plan that covers the claim';
COMMENT ON COLUMN claim.submitted_on IS 'Day on which the claim came in';
COMMENT ON COLUMN claim.decided_on IS 'Day of the decision; empty while it is open';
COMMENT ON COLUMN claim.billed_amt IS 'Amount billed, in US dollars';
COMMENT ON COLUMN claim.allowed_amt IS 'Amount that the plan allows, in US dollars; empty before a decision and where denied';
COMMENT ON COLUMN claim.denial_reason IS 'Why the claim was denied';
CREATE INDEX ON claim (plan_id);

CREATE TABLE medical_procedure (
    procedure_code text PRIMARY KEY,
    description    text NOT NULL,
    category       text NOT NULL,
    list_price     usd NOT NULL
);
COMMENT ON TABLE medical_procedure IS 'Services that can be billed';
COMMENT ON COLUMN medical_procedure.list_price IS 'Price without a contract, in US dollars';

CREATE TABLE claim_line (
    claim_id       integer NOT NULL REFERENCES claim,
    line_no        smallint NOT NULL CHECK (line_no > 0),
    procedure_code text NOT NULL REFERENCES medical_procedure,
    quantity       integer NOT NULL DEFAULT 1 CHECK (quantity > 0),
    unit_price     usd NOT NULL,
    line_amt       numeric(12, 2) GENERATED ALWAYS AS (quantity * unit_price) STORED,
    PRIMARY KEY (claim_id, line_no)
);
COMMENT ON TABLE claim_line IS 'Single services billed in a claim';
COMMENT ON COLUMN claim_line.line_no IS 'Position in the claim';
COMMENT ON COLUMN claim_line.unit_price IS 'Price of one service, in US dollars';
COMMENT ON COLUMN claim_line.line_amt IS 'Quantity times unit price, in US dollars';

CREATE TABLE payment (
    payment_id  integer PRIMARY KEY,
    claim_id    integer NOT NULL REFERENCES claim,
    paid_on     date NOT NULL,
    amount      usd NOT NULL CHECK (amount > 0),
    method      payment_method NOT NULL
);
COMMENT ON TABLE payment IS 'Payments of the insurer for claims; some claims are paid in two parts';
COMMENT ON COLUMN payment.paid_on IS 'Day of the payment';
COMMENT ON COLUMN payment.amount IS 'Amount paid, in US dollars';
COMMENT ON COLUMN payment.method IS 'How it was paid';
CREATE INDEX ON payment (claim_id);

\ir data.sql

CREATE VIEW open_claim AS
    SELECT c.claim_no, c.submitted_on, c.billed_amt, p.name AS plan_name, p.tier
    FROM claim c JOIN plan p USING (plan_id)
    WHERE c.decided_on IS NULL;
COMMENT ON VIEW open_claim IS 'Claims without a decision yet';
COMMENT ON COLUMN open_claim.plan_name IS 'The plan that covers the claim';

COMMIT;

ANALYZE insurer.payer, insurer.plan, insurer.facility, insurer.provider, insurer.provider_facility, insurer.member,
    insurer.enrollment, insurer.diagnosis, insurer.encounter, insurer.claim, insurer.medical_procedure,
    insurer.claim_line, insurer.payment;
