//! How deep a formula is nested, told without following it: the converter calls itself for each argument, and an answer
//! must not be able to exhaust the stack.

/// At most.
const DEEPEST: usize = 40;

/// The commonest commands that take no argument. All others are taken to have one.
const SYMBOLS: &str = "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho sigma tau \
    upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega cdot cdots ldots dots vdots ddots times div \
    pm mp le leq ge geq ne neq lt gt ll gg approx equiv sim simeq cong propto in notin ni subset subseteq supset supseteq cup cap setminus \
    emptyset varnothing to gets mapsto rightarrow leftarrow Rightarrow Leftarrow leftrightarrow Leftrightarrow longrightarrow implies iff \
    infty partial nabla forall exists neg land lor wedge vee oplus otimes sum prod int iint oint lim max min sup inf sin cos tan log ln exp \
    det quad qquad mid colon circ star ast dagger top bot perp parallel angle ell hbar Re Im prime langle rangle lfloor rfloor lceil rceil \
    lvert rvert lVert rVert hline displaystyle textstyle";

/// It is nested deeper than may be.
pub(super) fn too_deep(latex: &str) -> bool {
    // For each group that is open, the commands in it whose argument may be all that follows.
    let mut groups = vec![0_usize];
    let mut total = 1;
    let mut rest = latex;
    while let Some(first) = rest.chars().next() {
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
        match first {
            '{' => open(&mut groups, &mut total),
            '}' => close(&mut groups, &mut total),
            '&' => end(&mut groups, &mut total),
            '\\' => {
                let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
                let name = rest.get(..letters).unwrap_or_default();
                // A command of one other character.
                let length = if letters == 0 {
                    rest.chars().next().map_or(0, char::len_utf8)
                } else {
                    letters
                };
                let sign = rest.get(..length).unwrap_or_default();
                rest = rest.get(length..).unwrap_or_default();
                match name {
                    "left" | "begin" => open(&mut groups, &mut total),
                    "right" | "end" => close(&mut groups, &mut total),
                    "" if sign == "\\" => end(&mut groups, &mut total),
                    "" => {}
                    _ if rest.trim_start().starts_with('{') => {}
                    _ if SYMBOLS
                        .split_ascii_whitespace()
                        .any(|symbol| symbol == name) => {}
                    _ => {
                        if let Some(group) = groups.last_mut() {
                            *group += 1;
                        }
                        total += 1;
                    }
                }
            }
            _ => {}
        }
        if total > DEEPEST {
            return true;
        }
    }
    false
}

fn open(groups: &mut Vec<usize>, total: &mut usize) {
    groups.push(0);
    *total += 1;
}

fn close(groups: &mut Vec<usize>, total: &mut usize) {
    // What closes nothing makes nothing deeper.
    if groups.len() > 1 {
        *total -= 1 + groups.pop().unwrap_or_default();
    }
}

/// A cell or a row ends, and all arguments with it.
fn end(groups: &mut [usize], total: &mut usize) {
    if let Some(group) = groups.last_mut() {
        *total -= std::mem::take(group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_not_too_deep() {
        let long = r"\alpha_1 x_1 + \beta \sin\theta + \frac{a}{b} \le ".repeat(30);
        let table = format!(
            r"\begin{{pmatrix}}{}\end{{pmatrix}}",
            r"\sqrt x & \hat y \\ ".repeat(60)
        );
        for latex in [
            long.as_str(),
            &table,
            r"\frac{1}{1+\frac{1}{1+\frac{1}{1+\left(\frac{x}{\sqrt{y}}\right)}}}",
            "}}}}\\right",
        ] {
            assert!(!too_deep(latex), "{latex}");
        }
    }

    #[test]
    fn what_is_nested_without_an_end_is_too_deep() {
        for part in [
            "{",
            r"\sqrt ",
            r"\frac1",
            r"\frac,",
            r"\left(",
            "x^{",
            r"\begin{matrix}",
            r"\hat\bar",
            r"\sqrt[",
            r"{\frac1",
            r"\not",
        ] {
            assert!(too_deep(&part.repeat(50)), "{part}");
        }
    }
}
