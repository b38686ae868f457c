"""Opens exported datasets with the libraries that people train and evaluate with, and compares every text.

consumers.py FOLDER   FOLDER holds expected.json and a directory a format, as tests/consumers.rs makes them.

Makes itself a virtual environment (NLSQL_CONSUMERS, by default target/consumers) with the libraries in it. Ends with
status 77 where those cannot be had. Needs no network once it is made."""

import json
import os
import pathlib
import subprocess
import sys

LIBRARIES = ["datasets", "openai", "inspect-ai", "huggingface_hub"]
TOP = pathlib.Path(__file__).resolve().parent.parent
VENV = pathlib.Path(os.environ.get("NLSQL_CONSUMERS", TOP / "target" / "consumers"))


def enter_venv():
    python = VENV / "bin" / "python"
    if not (VENV / "complete").exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", VENV], check=True, timeout=120)
            install = [python, "-m", "pip", "install", "-q", "--retries", "1", "--timeout", "10", *LIBRARIES]
            subprocess.run(install, check=True, timeout=600)
            (VENV / "complete").touch()
        except (OSError, subprocess.SubprocessError) as error:
            print(f"skipped: the consumers' libraries cannot be installed ({error})")
            sys.exit(77)
    os.execv(python, [str(python), __file__, *sys.argv[1:]])


SPLITS = {"train", "validation", "test"}
# where the SQL of a record stands
SQL = {
    "nlsql": lambda r: r["sql"],
    "chat": lambda r: r["messages"][-1]["content"],
    "tools": lambda r: (
        json.loads(r["messages"][-1]["tool_calls"][0]["function"]["arguments"])["sql"]
        if r["messages"][-1].get("tool_calls")
        else r["messages"][-1]["content"]
    ),
    "prompt_completion": lambda r: r["completion"],
    "messages": lambda r: r["completion"][0]["content"],
    "preference": lambda r: r["chosen"],
    "alpaca": lambda r: r["output"],
    "sharegpt": lambda r: r["conversations"][-1]["value"],
    "eval": lambda r: r["sql"],
    "goldens": lambda r: r["expected_output"],
    "vars": lambda r: r["assert"][0]["value"],
    "spider": lambda r: r["query"],
    "bird": lambda r: r["SQL"],
    "csv": lambda r: r["query"],
}


def with_datasets(folder, expected):
    """load_dataset on the directory, and on every JSONL file by itself."""
    from datasets import load_dataset
    from huggingface_hub import DatasetCard

    name = folder.name
    manifest = json.loads((folder / "manifest.json").read_text())
    files = {f["split"]: f for f in manifest["files"] if f["split"]}
    loaded = load_dataset(str(folder))
    assert set(loaded) == set(files) <= SPLITS, (name, set(loaded), set(files))
    found = []
    for split, file in files.items():
        rows = list(loaded[split])
        assert len(rows) == file["records"], (name, split)
        found += [SQL[name](row) for row in rows]
        if file["file"].endswith(".jsonl"):
            alone = load_dataset("json", data_files=str(folder / file["file"]))["train"]
            assert [SQL[name](row) for row in alone] == [SQL[name](row) for row in rows], (name, split)
            lines = [json.loads(line) for line in (folder / file["file"]).open(newline="\n")]
            assert [SQL[name](line) for line in lines] == [SQL[name](row) for row in rows], (name, split)
    missing = set(expected["preferred" if name == "preference" else "sql"]) - set(found)
    assert not missing, (name, missing)
    card = DatasetCard.load(folder / "README.md")
    assert [f["split"] for f in card.data.configs[0]["data_files"]] == list(files)
    assert card.data.license and "text-to-sql" in card.data.tags
    return len(found)


def with_openai(folder):
    from openai.types.chat import ChatCompletionMessageParam
    from pydantic import TypeAdapter, ValidationError

    adapter = TypeAdapter(list[ChatCompletionMessageParam])
    count = 0
    for path in folder.glob("*.jsonl"):
        for line in path.open(newline="\n"):
            record = json.loads(line)
            for key in ("messages", "prompt", "completion"):
                if key in record:
                    adapter.validate_python(record[key])
                    count += 1
    try:
        adapter.validate_python([{"role": "nobody", "content": "x"}])
    except ValidationError:
        return count
    raise AssertionError("the message types accept anything")


def with_inspect(folder, expected):
    from inspect_ai.dataset import FieldSpec, json_dataset

    found = []
    for path in sorted(folder.glob("*.jsonl")):
        spec = FieldSpec(input="question", target="sql", id="id", metadata=["db_id", "difficulty", "schema"])
        found += list(json_dataset(str(path), spec))
    assert {s.target for s in found} == set(expected["sql"])
    assert {s.input for s in found} == set(expected["questions"])
    return len(found)


def main():
    top = pathlib.Path(sys.argv[1])
    expected = json.loads((top / "expected.json").read_text())
    for name in SQL:
        count = with_datasets(top / name, expected)
        print(f"datasets, huggingface_hub: {name}: {count} records")
    for name in ("chat", "tools", "messages"):
        print(f"openai: {name}: {with_openai(top / name)} lists of messages")
    print(f"inspect_ai: eval: {with_inspect(top / 'eval', expected)} samples")


if __name__ == "__main__":
    # before the libraries are imported, for they look then: a cache of other runs would answer for this one
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["HF_HOME"] = str(pathlib.Path(sys.argv[1]) / "cache")
    try:
        import datasets, huggingface_hub, inspect_ai, openai  # noqa: E401, F401
    except ImportError:
        enter_venv()
    main()
