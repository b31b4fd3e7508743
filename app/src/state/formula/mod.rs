//! A formula in LaTeX as a tree of MathML. A well-kept converter does the mathematics; here the source is put into the
//! words that it knows, and of what it says only a list of harmless names is taken over.

mod depth;
mod markup;
mod source;
mod tree;

use std::sync::LazyLock;

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

pub use markup::markup;
pub use tree::Formula;

/// Longer than this is no formula that anybody reads.
const LONGEST: usize = 8_000;

/// Commands that the converter lacks, by those that it has.
const MACROS: [(&str, &str); 16] = [
    ("boxed", r"\begin{array}{|c|}\hline #1\end{array}"),
    ("fbox", r"\begin{array}{|c|}\hline \text{#1}\end{array}"),
    ("textcolor", "#2"),
    ("colorbox", "#2"),
    ("substack", r"\begin{subarray}{c}#1\end{subarray}"),
    ("dotsc", r"\ldots"),
    ("dotsm", r"\cdots"),
    ("dotsi", r"\cdots"),
    ("smash", "#1"),
    ("ce", r"\mathrm{#1}"),
    ("widetilde", r"\tilde{#1}"),
    ("pmb", r"\mathbf{#1}"),
    ("unit", r"\,\mathrm{#1}"),
    ("SI", r"#1\,\mathrm{#2}"),
    ("argmax", r"\operatorname*{arg\,max}"),
    ("argmin", r"\operatorname*{arg\,min}"),
];

static CONVERTER: LazyLock<LatexToMathML> = LazyLock::new(|| {
    // What it does not take it does without.
    let known = |(name, meaning): (&str, &str)| {
        let one = vec![(name.to_owned(), meaning.to_owned())];
        converter(one.clone()).is_some().then_some(one)
    };
    let macros = MACROS.into_iter().filter_map(known).flatten().collect();
    converter(macros).unwrap_or_default()
});

fn converter(macros: Vec<(String, String)>) -> Option<LatexToMathML> {
    let config = MathCoreConfig {
        macros,
        annotation: true,
        ..MathCoreConfig::default()
    };
    LatexToMathML::new(config).ok()
}

/// The formula, or nothing where it is not understood.
pub fn formula(latex: &str, display: bool) -> Option<Formula> {
    if latex.len() > LONGEST || depth::too_deep(latex) {
        return None;
    }
    let style = if display {
        MathDisplay::Block
    } else {
        MathDisplay::Inline
    };
    let known = source::known(latex);
    let converted = CONVERTER.convert_with_local_state(&known, style).ok()?;
    tree::read(&converted.mathml, latex)
}

#[cfg(test)]
mod tests;
