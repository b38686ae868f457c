//! Rules of the source tree that the compiler does not know.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

const LINES_MAX: usize = 400;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// Path below the top and text of every source file of the crate.
fn sources() -> Vec<(String, String)> {
    let mut paths = Vec::new();
    rust_files(&top().join("src"), &mut paths).expect("src/ can be read");
    assert!(paths.len() > 5, "src/ has files");
    let mut files: Vec<_> = paths
        .into_iter()
        .map(|p| {
            let name = p.strip_prefix(top()).expect("below the top").display().to_string();
            (name, fs::read_to_string(&p).expect("a source file is UTF-8"))
        })
        .collect();
    files.sort();
    files
}

fn is_test_file(name: &str) -> bool {
    name.ends_with("tests.rs") || name.contains("/tests/") || name.contains("/test_")
}

/// The part of a file that ships: unit tests stand at its end, or in files of their own.
fn shipped(name: &str, text: &str) -> String {
    if is_test_file(name) {
        return String::new();
    }
    text.lines().take_while(|l| l.trim() != "#[cfg(test)]").map(|l| format!("{l}\n")).collect()
}

fn code(line: &str) -> &str {
    line.split_once("//").map_or(line, |(before, _)| before)
}

/// Whether `word` stands in `line` with no letter, digit or underscore beside it.
fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(part) && !line[at + word.len()..].chars().next().is_some_and(part)
    })
}

fn report(rule: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn only_the_edges_know_the_server() {
    let edge = |name: &str| name == "src/lib.rs" || name.starts_with("src/api/") || name.starts_with("src/pg/");
    let mut found = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| !edge(name)) {
        for (number, line) in text.lines().enumerate() {
            if has_word(code(line), "pgrx") || has_word(code(line), "pg_sys") {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    report("pgrx belongs in src/lib.rs, src/api/ and src/pg/ alone", found);
}

#[test]
fn nothing_shipped_can_panic_on_purpose() {
    let calls = [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "unreachable!("];
    let mut found = Vec::new();
    for (name, text) in sources() {
        for (number, line) in shipped(&name, &text).lines().enumerate() {
            if calls.iter().any(|c| code(line).contains(c)) {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    report("an error goes to the caller as a Result", found);
}

#[test]
fn every_unsafe_block_says_why_it_is_sound() {
    let mut found = Vec::new();
    for (name, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let opens = ["unsafe {", "unsafe impl"].iter().any(|w| code(line).contains(w));
            // above the block, or above the statement that it begins in
            let reason = lines[number.saturating_sub(4)..=number].iter().any(|l| l.contains("SAFETY:"));
            if opens && !reason {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    report("an unsafe block needs a line `// SAFETY: ..`", found);
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut found = Vec::new();
    for (name, text) in sources() {
        let lines = text.lines().count();
        if lines > LINES_MAX {
            found.push(format!("{name}: {lines} lines"));
        }
        // an included file cannot have a //! line
        if !text.starts_with("//") && !is_test_file(&name) {
            found.push(format!("{name}: no line at the top says what it is for"));
        }
    }
    report("a source file has one purpose, said in its first line, and at most 400 lines", found);
}

#[test]
fn no_tracked_file_names_a_place_of_one_machine() {
    let listed = Command::new("git").arg("-C").arg(top()).args(["ls-files", "-z"]).output();
    // a tree without git, as from a release archive, has nothing tracked
    let Some(listed) = listed.ok().filter(|o| o.status.success()) else { return };
    // put together here, so that this file does not name them
    let places: Vec<String> = ["work", "root", "home", "farm"].iter().map(|p| format!("/{p}/")).collect();
    let mut found = Vec::new();
    for name in String::from_utf8_lossy(&listed.stdout).split('\0').filter(|n| !n.is_empty()) {
        let Ok(text) = fs::read_to_string(top().join(name)) else { continue };
        for (number, line) in text.lines().enumerate() {
            let at_start = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_.-~:/".contains(c));
            if places.iter().any(|p| line.match_indices(p.as_str()).any(|(at, _)| at_start(at))) {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    report("paths of one machine do not belong in the tree", found);
}

/// The option names that the functions take, as the lists in the sources have them.
fn option_names() -> Vec<(String, String)> {
    let mut names = Vec::new();
    for (file, text) in sources() {
        let lists = [" KEYS: [&str;", " MORE_KEYS: [&str;", "parse_known(value, &["];
        for list in lists.iter().flat_map(|start| text.match_indices(start).map(|(at, _)| &text[at..])) {
            let end = list.find("];").into_iter().chain(list.find("], \"")).min().expect("a list ends");
            names.extend(list[..end].split('"').skip(1).step_by(2).map(|name| (file.clone(), name.to_owned())));
        }
    }
    names
}

#[test]
fn every_option_is_documented() {
    let reference = fs::read_to_string(top().join("docs/reference.md")).expect("the reference");
    let names = option_names();
    assert!(names.len() > 60, "the lists of options are found: {names:?}");
    let missing = names.iter().filter(|(_, name)| !reference.contains(&format!("`{name}`")));
    report("docs/reference.md explains every option", missing.map(|(file, name)| format!("{file}: {name}")).collect());
}
