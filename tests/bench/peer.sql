-- The peer that nlsql's engine is measured against: what one writes in an afternoon. Threads in PL/Python call the model
-- through the openai package; each answer is read, its statements are EXPLAINed and the pairs stored, in one transaction.
CREATE EXTENSION IF NOT EXISTS plpython3u;
CREATE TABLE IF NOT EXISTS peer_pair (question text, sql text);

CREATE OR REPLACE FUNCTION peer(site text, url text, pairs int, a_call int, threads int) RETURNS int LANGUAGE plpython3u AS $$
import json, sys
from concurrent.futures import ThreadPoolExecutor, as_completed
sys.path.insert(0, site)
from openai import OpenAI

columns = plpy.execute("""SELECT string_agg(format('    %I %s', attname, format_type(atttypid, atttypmod)), E',\n' ORDER BY attnum) AS text
    FROM pg_attribute WHERE attrelid = 'insurer.plan'::regclass AND attnum > 0""")[0]["text"]
prompt = f"CREATE TABLE insurer.plan (\n{columns}\n);\nWrite {a_call} pairs of a question and a statement."
text = {"type": "string"}
pair = {"type": "object", "properties": {"question": text, "evidence": text, "sql": text}}
schema = {"type": "object", "properties": {"pairs": {"type": "array", "items": pair}}}
form = {"type": "json_schema", "json_schema": {"name": "pairs", "schema": schema}}
client = OpenAI(base_url=url, api_key="none")

def call(_):
    messages = [{"role": "system", "content": "You write SQL."}, {"role": "user", "content": prompt}]
    answer = client.chat.completions.create(model="gpt-4.1-mini", messages=messages, response_format=form)
    return json.loads(answer.choices[0].message.content)["pairs"]

stored = 0
store = plpy.prepare("INSERT INTO peer_pair VALUES ($1, $2)", ["text", "text"])
with ThreadPoolExecutor(threads) as pool:
    for done in as_completed([pool.submit(call, i) for i in range(pairs // a_call)]):
        for found in done.result():
            plpy.execute("EXPLAIN " + found["sql"])
            store.execute([found["question"], found["sql"]])
            stored += 1
return stored
$$;
