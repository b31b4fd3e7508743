use proptest::prelude::*;

use super::*;

/// Formulas as models write them, a line each.
const CORPUS: &str = include_str!("corpus.txt");

fn shown(formula: &Formula) -> String {
    match formula {
        Formula::Text(text) => text.clone(),
        Formula::Element {
            name: "annotation", ..
        } => String::new(),
        Formula::Element { children, .. } => children.iter().map(shown).collect(),
    }
}

#[test]
fn formulas_that_models_write_are_understood() {
    let lines: Vec<_> = CORPUS.lines().collect();
    assert!(lines.len() >= 70);
    for latex in lines {
        for display in [true, false] {
            let found = formula(latex, display);
            let text = found.as_ref().map(shown).unwrap_or_default();
            assert!(!text.trim().is_empty(), "{latex}");
            assert!(
                !text.contains('\\') && !text.contains("undefined"),
                "{latex}: {text}"
            );
        }
    }
}

#[test]
fn a_fraction_is_a_fraction() {
    let Some(Formula::Element {
        name,
        attributes,
        children,
    }) = formula(r"\frac{1}{n} < 2", true)
    else {
        panic!()
    };
    assert_eq!(
        (name, &attributes[..]),
        ("math", &[("display", "block".to_owned())][..])
    );
    let tree = format!("{children:?}");
    assert!(
        tree.contains(r#"name: "mfrac""#) && tree.contains(r#"Text("<")"#),
        "{tree}"
    );
    assert!(
        tree.contains(r#"Text("\\frac{1}{n} < 2")"#),
        "the source is kept: {tree}"
    );
}

#[test]
fn what_is_not_understood_is_none() {
    for latex in [
        r"\frac{1",
        r"\nosuchcommand",
        r"\begin{nosuch}x\end{nosuch}",
        "}",
        r"\left(x",
    ] {
        assert_eq!(formula(latex, false), None, "{latex}");
    }
}

#[test]
fn a_formula_can_do_nothing_but_be_shown() {
    for latex in [
        r"\href{javascript:alert(1)}{x}",
        r"\htmlStyle{color:red}{x}",
        r"\text{<script>alert(1)</script>}",
        r"\color{red}{x}",
        r"\eqref{a}",
        r#"\text{" onclick="x}"#,
        r"\class{a}{x} \style{a:b}{x} \url{x}",
        r"\begin{array}{c|c} a & b \\ \hline c & d \end{array}",
    ] {
        let Some(found) = formula(latex, true) else {
            continue;
        };
        let tree = format!("{found:?}");
        for bad in [
            r#"name: "a""#,
            r#"name: "script""#,
            r#"name: "span""#,
            r#"("style""#,
            r#"("href""#,
            r#"("onclick""#,
        ] {
            assert!(!tree.contains(bad), "{latex}: {tree}");
        }
    }
}

#[test]
fn frames_and_strokes_are_classes() {
    let tree = |latex: &str| format!("{:?}", formula(latex, true));
    assert!(tree(r"\boxed{x}").contains("fm-line-left fm-line-top"));
    assert!(tree(r"\cancel{x}").contains("fm-up"));
    let table = tree(r"\begin{array}{|c|}\hline a \\ \hline\end{array}");
    assert!(
        table.contains("fm-line-bottom") && table.matches("mtr").count() == 1,
        "{table}"
    );
}

proptest! {
    #[test]
    fn nothing_that_is_written_makes_it_fail(
        parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", r"\frac", r"\sqrt", r"\left(", r"\right)", r"\begin{matrix}", r"\end{matrix}", "&", r"\\", "^", "_", "x", "1", r"\text{", "$", "%", "'",
            r"\begin{aligned}", r"\end{aligned}", r"\hline", r"\tag{", r"\boxed{", r"\not", "[", "]", "#1", "~", "é", "漢", r"\", r"\hat", r"\sum", r"\limits",
            r"\begin{array}{|c|}", r"\end{array}", r"\cancel{", r"\label", r"\middle|", r"\over", r"\color", "\n", "<", r"\operatorname*{",
        ]), 0..24),
    ) {
        let latex = parts.concat();
        formula(&latex, true);
        formula(&latex, false);
    }

    #[test]
    fn nor_does_any_text(latex in "\\PC*") {
        formula(&latex, false);
    }
}
