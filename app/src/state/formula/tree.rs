//! From the converter's text to a tree, of which only names that are listed here are taken over.

/// A piece of a formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// Text.
    Text(String),
    /// An element.
    Element {
        /// One of the listed names.
        name: &'static str,
        /// Attributes with listed names.
        attributes: Vec<(&'static str, String)>,
        /// What is in it.
        children: Vec<Formula>,
    },
}

/// Deeper than this is not shown.
const DEEPEST: usize = 80;

/// The elements; of others only what is in them is shown.
const ELEMENTS: [&str; 31] = [
    "math",
    "semantics",
    "annotation",
    "mrow",
    "mi",
    "mn",
    "mo",
    "mtext",
    "mspace",
    "mfrac",
    "msqrt",
    "mroot",
    "msub",
    "msup",
    "msubsup",
    "munder",
    "mover",
    "munderover",
    "mmultiscripts",
    "mprescripts",
    "mtable",
    "mtr",
    "mtd",
    "mpadded",
    "mphantom",
    "merror",
    "mstyle",
    "ms",
    "b",
    "i",
    "code",
];

const ATTRIBUTES: [&str; 22] = [
    "display",
    "displaystyle",
    "scriptlevel",
    "mathvariant",
    "form",
    "stretchy",
    "symmetric",
    "largeop",
    "movablelimits",
    "lspace",
    "rspace",
    "minsize",
    "maxsize",
    "accent",
    "accentunder",
    "linethickness",
    "width",
    "height",
    "depth",
    "voffset",
    "columnspan",
    "rowspan",
];

/// What it says in styles, which the page's policy forbids, by classes.
const STYLES: [(&str, &str); 14] = [
    ("text-align: left", "fm-left"),
    ("text-align: right", "fm-right"),
    ("padding-left: 0", "fm-close-left"),
    ("padding-right: 0", "fm-close-right"),
    ("padding-left:1em", "fm-apart"),
    ("padding-top: 0", "fm-tight"),
    ("border-top: 0.05em solid currentcolor", "fm-line-top"),
    ("border-top: 0.05em dashed currentcolor", "fm-line-top"),
    ("border-left: 0.05em solid currentcolor", "fm-line-left"),
    ("border-left: 0.05em dashed currentcolor", "fm-line-left"),
    ("border-right: 0.05em solid currentcolor", "fm-line-right"),
    ("border-right: 0.05em dashed currentcolor", "fm-line-right"),
    ("margin-left:-0.16666667em", "fm-back"),
    ("font-variant-caps: small-caps", "fm-small-caps"),
];

/// The tree of a formula, with its source in it for those who copy it.
pub(super) fn read(mathml: &str, latex: &str) -> Option<Formula> {
    let mut reader = Reader { rest: mathml };
    let mut found = Vec::new();
    reader.children(&mut found, None, 0)?;
    let mut formula = found.into_iter().next()?;
    annotate(&mut formula, latex);
    matches!(&formula, Formula::Element { name: "math", .. }).then_some(formula)
}

/// The source as the answer has it, and not as the converter was given it.
fn annotate(formula: &mut Formula, latex: &str) {
    if let Formula::Element { name, children, .. } = formula {
        if *name == "annotation" {
            *children = vec![Formula::Text(latex.trim().to_owned())];
        } else if matches!(*name, "math" | "semantics") {
            children.iter_mut().for_each(|child| annotate(child, latex));
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    /// Reads up to the end of the element of this name.
    fn children(
        &mut self,
        out: &mut Vec<Formula>,
        parent: Option<&str>,
        depth: usize,
    ) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        while !self.rest.is_empty() {
            let (text, rest) = self
                .rest
                .split_at(self.rest.find('<').unwrap_or(self.rest.len()));
            self.rest = rest;
            if !text.is_empty() {
                out.push(Formula::Text(unescaped(text)));
            }
            let Some(tag) = self.rest.strip_prefix('<') else {
                break;
            };
            let end = tag.find('>')?;
            let (tag, rest) = (tag.get(..end)?, tag.get(end + 1..)?);
            self.rest = rest;
            if let Some(name) = tag.strip_prefix('/') {
                return (Some(name.trim()) == parent).then_some(());
            }
            self.element(tag, out, depth)?;
        }
        parent.is_none().then_some(())
    }

    fn element(&mut self, tag: &str, out: &mut Vec<Formula>, depth: usize) -> Option<()> {
        let (tag, empty) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let (theirs, written) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let mut children = Vec::new();
        if !empty {
            self.children(&mut children, Some(theirs), depth + 1)?;
        }
        let (mut attributes, mut classes) = (Vec::new(), Vec::new());
        for (name, value) in pairs(written) {
            match name {
                "style" => classes.extend(styled(value)),
                "notation" => classes.extend(value.split(' ').filter_map(struck)),
                // Strokes that the converter draws by styles of its own.
                "class" if value.starts_with("menclose-") => return Some(()),
                _ => {
                    let listed = ATTRIBUTES.iter().find(|listed| **listed == name);
                    attributes.extend(listed.map(|name| (*name, unescaped(value))));
                }
            }
        }
        // A last row without anything in it is the line below the one before.
        if theirs == "mtable" && children.len() > 1 && children.last().is_some_and(line_only) {
            children.pop();
            classes.push("fm-line-bottom");
        }
        let name = if theirs == "menclose" { "mrow" } else { theirs };
        let Some(name) = ELEMENTS.iter().find(|listed| **listed == name) else {
            out.append(&mut children);
            return Some(());
        };
        if !classes.is_empty() {
            attributes.push(("class", classes.join(" ")));
        }
        out.push(Formula::Element {
            name,
            attributes,
            children,
        });
        Some(())
    }
}

/// A row of empty cells with a line above it.
fn line_only(row: &Formula) -> bool {
    let Formula::Element { children, .. } = row else {
        return false;
    };
    !children.is_empty()
        && children.iter().all(|cell| match cell {
            Formula::Element {
                children,
                attributes,
                ..
            } => {
                children.is_empty()
                    && attributes
                        .iter()
                        .any(|(_, value)| value.contains("fm-line-top"))
            }
            Formula::Text(_) => false,
        })
}

/// The attributes of a tag: each value stands in double quotes.
fn pairs(written: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = written;
    std::iter::from_fn(move || {
        let (name, after) = rest.split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        rest = after;
        Some((name.trim(), value))
    })
}

fn styled(style: &str) -> impl Iterator<Item = &'static str> {
    style.split(';').filter_map(|one| {
        let found = STYLES.iter().find(|(theirs, _)| *theirs == one.trim());
        found.map(|(_, ours)| *ours)
    })
}

fn struck(notation: &str) -> Option<&'static str> {
    match notation {
        "updiagonalstrike" => Some("fm-up"),
        "downdiagonalstrike" => Some("fm-down"),
        "horizontalstrike" => Some("fm-through"),
        _ => None,
    }
}

fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}
