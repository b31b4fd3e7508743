//! What is wrong with an assistant's configuration is said by its key's path before anything starts.

use tokio::process::Command;

#[tokio::test]
async fn the_check_names_every_key_that_is_wrong() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("evenkeel.toml");
    let text = "[[assistants]]\nid = \"qa\"\nmodel = \"demo-swift\"\nfallbacks = [\"demo-calm\", \"nobody\"]\n\
                candidate = { model = \"demo-swift\", percent = 120 }\n\
                [[assistants]]\nid = \"qa\"\nmodel = \"demo-calm\"\n";
    std::fs::write(&file, text).unwrap();
    let check = async || {
        let mut check = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
        let output = check.args(["check", "--config"]).arg(&file).output().await;
        let output = output.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    };
    let (code, said) = check().await;
    assert_eq!(code, Some(1), "{said}");
    for path in [
        "assistants.qa.fallbacks[1]",
        "assistants.qa.candidate.model",
        "assistants.qa.candidate.percent",
        "assistants.qa.id",
    ] {
        assert!(said.contains(path), "{path}: {said}");
    }
    let text = "[[assistants]]\nid = \"qa\"\nmodel = \"demo-swift\"\n";
    std::fs::write(&file, text).unwrap();
    let (code, said) = check().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("assistants"), "{said}");
}
