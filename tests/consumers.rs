//! Exported datasets in the hands of the libraries that read them: nothing is refused, and no text is changed.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use support::Cluster;
use support::hostile::{HOSTILE, insert};

#[test]
fn every_format_loads_in_its_real_consumer() {
    let cluster = Cluster::new();
    let demo = cluster.writer("demo");
    demo.run(
        "BEGIN; SELECT nlsql.generate('joins', 40, run => 'r', options => '{\"seed\": 7}');
         SELECT nlsql.generate('schema_docs', 20, run => 'r');
         SELECT nlsql.generate('sample_data', run => 'r', options => '{\"n_rows\": 3}'); COMMIT; CALL nlsql.wait('r')",
    );
    insert(&demo, "h", HOSTILE);
    demo.run("SELECT nlsql.split('r', '{\"runs\": [\"h\"]}')");
    let folder = cluster.export_dir();
    for (name, format, options) in [
        ("nlsql", "nlsql", ""),
        ("chat", "chat", ""),
        ("tools", "chat", ", \"tools\": true"),
        ("prompt_completion", "prompt_completion", ""),
        ("messages", "prompt_completion", ", \"layout\": \"messages\""),
        ("preference", "preference", ""),
        ("alpaca", "alpaca", ""),
        ("sharegpt", "sharegpt", ""),
        ("eval", "eval", ""),
        ("goldens", "eval", ", \"layout\": \"goldens\""),
        ("vars", "eval", ", \"layout\": \"vars\""),
        ("spider", "spider", ""),
        ("bird", "bird", ""),
        ("csv", "csv", ""),
    ] {
        demo.run(&format!("SELECT nlsql.export_dataset('r', '{name}', '{format}', '{{\"runs\": [\"h\"]{options}}}')"));
    }
    let expected = demo.run(
        "SELECT json_build_object('sql', json_agg(sql), 'questions', json_agg(question),
                'preferred', json_agg(sql) FILTER (WHERE checks #>> '{mutant,sql}' <> sql)) FROM nlsql.dataset
          WHERE kind = 'pair' AND split IS NOT NULL",
    );
    fs::write(folder.join("expected.json"), expected).expect("the folder can be written");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/consumers.py");
    let output = Command::new("python3").arg(script).arg(&folder).output();
    let Ok(output) = output else {
        println!("skipped: there is no python3");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    // 77: the libraries cannot be had here, and the script says so
    let skipped = output.status.code() == Some(77);
    assert!(output.status.success() || skipped, "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(cluster.alarms(), [""; 0]);
}
