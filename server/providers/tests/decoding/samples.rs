//! The samples: what each gives, and that it gives the same however its bytes are split and its lines are ended.

use std::fs;
use std::path::{Path, PathBuf};

use evenkeel_providers::Family;

use crate::spoken::spoken;

pub struct Sample {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
}

/// A family's samples.
pub fn samples(family: Family) -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let files = fs::read_dir(folder.join(family.as_str())).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| !path.to_string_lossy().ends_with(".expected.json"));
    paths.sort();
    let read = |path: PathBuf| Sample {
        bytes: fs::read(&path).unwrap(),
        path,
    };
    paths.into_iter().map(read).collect()
}

fn expected(path: &Path) -> Vec<String> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".expected.json");
    let beside = PathBuf::from(beside);
    let text = fs::read(&beside);
    assert!(text.is_ok(), "{}: {text:?}", beside.display());
    serde_json::from_slice(&text.unwrap()).unwrap()
}

fn each_sample(check: impl Fn(Family, &Sample, &[String])) {
    for family in Family::ALL {
        let samples = samples(family);
        assert!(samples.len() >= 10, "{family:?} has its samples");
        for sample in samples {
            check(family, &sample, &expected(&sample.path));
        }
    }
}

/// The sample with each of its lines ended by this.
fn with_line_ends(bytes: &[u8], end: &[u8]) -> Vec<u8> {
    let plain: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|byte| *byte != b'\r')
        .collect();
    let lines: Vec<_> = plain.split(|byte| *byte == b'\n').collect();
    lines.join(end)
}

#[test]
fn each_gives_what_is_written_beside_it() {
    each_sample(|family, sample, expected| {
        let found = spoken(family, &[&sample.bytes]);
        let place = sample.path.display();
        assert_eq!(
            found,
            expected,
            "{place}\n{}",
            serde_json::to_string_pretty(&found).unwrap()
        );
    });
}

#[test]
fn a_split_at_any_byte_changes_nothing() {
    each_sample(|family, sample, expected| {
        let bytes = &sample.bytes;
        for at in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(at);
            let found = spoken(family, &[head, tail]);
            assert_eq!(found, expected, "{} at {at}", sample.path.display());
        }
        let single: Vec<_> = bytes.chunks(1).collect();
        assert_eq!(
            spoken(family, &single),
            expected,
            "{}",
            sample.path.display()
        );
    });
}

#[test]
fn line_ends_and_a_byte_order_mark_change_nothing() {
    each_sample(|family, sample, expected| {
        for end in [&b"\n"[..], b"\r\n"] {
            for mark in [&b""[..], b"\xef\xbb\xbf"] {
                let bytes = [mark, &with_line_ends(&sample.bytes, end)].concat();
                let found = spoken(family, &[&bytes]);
                assert_eq!(found, expected, "{} {end:?}", sample.path.display());
                let single: Vec<_> = bytes.chunks(1).collect();
                assert_eq!(spoken(family, &single), expected);
            }
        }
    });
}

#[test]
fn an_event_of_several_mebibytes() {
    let long = "0123456789abcdef".repeat(256 * 1024);
    for (family, body) in [
        (
            Family::OpenAi,
            format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{long}\"}}}}]}}\n\n"),
        ),
        (
            Family::Anthropic,
            format!(
                "data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{long}\"}}}}\n\n"
            ),
        ),
        (
            Family::Gemini,
            format!(
                "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{long}\"}}]}}}}]}}\n\n"
            ),
        ),
        (
            Family::Ollama,
            format!("{{\"message\":{{\"content\":\"{long}\"}},\"done\":false}}\n"),
        ),
    ] {
        let pieces: Vec<_> = body.as_bytes().chunks(16 * 1024).collect();
        let found = spoken(family, &pieces);
        assert_eq!(found, [format!("content {long:?}")], "{family:?}");
        let endless = [body.trim_end(), &long, &long].concat();
        let endless = endless.replace("\"}", "");
        let found = spoken(family, &[endless.as_bytes()]);
        assert!(
            found.len() == 1 && (found[0].contains("8 MiB") || found[0].starts_with("cut")),
            "{family:?}"
        );
    }
}
