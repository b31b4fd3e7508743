//! The rules, and how sure each pattern is of itself.

use std::sync::LazyLock;

use regex::Regex;

use super::Hit;
use super::languages::OTHER_LANGUAGES;
use super::plain::Plain;
use crate::guards::pattern;

/// What a planted instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It sets aside what the model was told.
    IgnoreInstructions,
    /// It gives the model a role without limits.
    RoleOverride,
    /// It asks for what the model was told in confidence.
    PromptExtraction,
    /// It plays a part of the conversation that is not its writer's.
    FakeTurn,
    /// It speaks to the model out of a text that is for people.
    AddressesModel,
    /// It wants what the model knows sent somewhere.
    SendsData,
    /// It cannot be seen.
    HiddenText,
    /// It is seen in another order than it is read in.
    TurnedText,
    /// It is written in base64.
    EncodedInstructions,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::IgnoreInstructions,
        Self::RoleOverride,
        Self::PromptExtraction,
        Self::FakeTurn,
        Self::AddressesModel,
        Self::SendsData,
        Self::HiddenText,
        Self::TurnedText,
        Self::EncodedInstructions,
    ];

    /// The public name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IgnoreInstructions => "ignore_instructions",
            Self::RoleOverride => "role_override",
            Self::PromptExtraction => "prompt_extraction",
            Self::FakeTurn => "fake_turn",
            Self::AddressesModel => "addresses_model",
            Self::SendsData => "sends_data",
            Self::HiddenText => "hidden_text",
            Self::TurnedText => "turned_text",
            Self::EncodedInstructions => "encoded_instructions",
        }
    }

    /// What fired, in words for who wrote it.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::IgnoreInstructions => "tells the model to set its instructions aside",
            Self::RoleOverride => "gives the model a role without limits",
            Self::PromptExtraction => "asks for the model's confidential instructions",
            Self::FakeTurn => "imitates another part of the conversation",
            Self::AddressesModel => "speaks to the model out of a text for people",
            Self::SendsData => "wants data sent somewhere",
            Self::HiddenText => "holds text that cannot be seen",
            Self::TurnedText => "holds text that is shown in another order",
            Self::EncodedInstructions => "holds instructions in base64",
        }
    }
}

/// A pattern over plain text.
struct Pattern {
    rule: Rule,
    weight: u32,
    regex: Regex,
}

/// What models are told: the word for it, with what may stand before.
const TOLD: &str = r"(?:instructions?|prompts?|directives?|directions|guidelines|rules|constraints|restrictions|programming|training|safety (?:rules|guidelines|filters|policies)|polic(?:y|ies))";
/// Which of them, where that says little.
const OF: &str = r"(?:(?:all|any|every|of|the|my|our|these|those|existing|current|other) )";
/// Which of them, where nobody says it of the rules of a game.
const OWN: &str = r"(?:(?:all|any|every|each)(?: of)?(?: (?:the|your|those|these))?|your|previous|prior|above|earlier|preceding|former|foregoing|original|initial|past|system|developer|openai|anthropic|safety|content|hidden) ";

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    use Rule::{
        AddressesModel, FakeTurn, IgnoreInstructions, PromptExtraction, RoleOverride, SendsData,
    };
    let (of, own, told) = (OF, OWN, TOLD);
    let table: Vec<(Rule, u32, String)> = vec![
        (
            IgnoreInstructions,
            10,
            format!(
                r"\b(?:ignore|disregard|forget|override|bypass|discard|set aside|pay no attention to|do not follow|don't follow|stop following|no longer follow)(?: about)? (?:{of}{{0,3}}(?:{own}){{1,3}}{of}{{0,2}}{told}|the {told} (?:above|before this|you were given|given (?:above|before)))"
            ),
        ),
        (
            IgnoreInstructions,
            10,
            r"\b(?:ignore|disregard|forget) (?:everything|anything|all)(?: that)?(?: (?:you (?:were|have been|'ve been)|i|we|they))? ?(?:said|told|above|before this|written|you know|you were told|prior to this)(?:.{0,30}\b(?:and|instead|now)\b|[.!:;,]? ?(?:and|instead|now|say|reply|respond|output|print|you (?:are|must|will))\b)".to_owned(),
        ),
        (
            IgnoreInstructions,
            10,
            r"\b(?:(?:new|updated|real|actual) (?:system )?instructions?(?: (?:are|from the (?:system|developer|administrator)))? ?:|(?:the|your) (?:previous|above|prior|earlier|original) (?:instructions|prompt|rules|guidelines) (?:are|is|were|was|no longer) (?:now )?(?:void|obsolete|cancelled|canceled|invalid|a test|superseded|apply|null))".to_owned(),
        ),
        (
            IgnoreInstructions,
            10,
            OTHER_LANGUAGES.to_owned(),
        ),
        (
            RoleOverride,
            10,
            concat!(
                r"\b(?:you are (?:now )?(?:in )?(?:dan\b|(?:a |an )?(?:jailbroken|unrestricted|unfiltered|uncensored|amoral|evil)\b|(?:developer|god|jailbreak|admin|debug|sudo|dan) mode)",
                r"|(?:act|behave|respond|answer|pretend to be|roleplay|role-play|play) (?:as )?(?:if you were )?(?:a |an )?(?:dan\b|(?:jailbroken|unrestricted|unfiltered|uncensored|amoral|evil)(?: (?:ai|assistant|model|chatbot|language model))?)",
                r"|(?:enable|enter|activate|switch to|turn on|unlock) (?:the )?(?:jailbreak|dan|unrestricted|unfiltered) mode",
                r"|do anything now",
                r"|pretend (?:that )?you (?:have no|are not bound|aren't bound|are free (?:of|from)|don't have any) (?:\w+ ){0,3}(?:restrictions|limits|limitations|rules|guidelines|filters|ethics|policies)",
                r"|you (?:have no|are free from|are not bound by|are no longer bound by|don't have any|must not have any|have been freed from)(?: \w+){0,3} (?:restrictions|limitations|content polic(?:y|ies)|ethical (?:rules|guidelines)|filters|guidelines|rules))",
            )
            .to_owned(),
        ),
        (
            RoleOverride,
            5,
            r"\b(?:(?:enable|enter|activate|switch to) (?:developer|god|sudo) mode|from now on,? you (?:are|will|must|shall)|you are no longer (?:an? )?(?:\w+ )?(?:assistant|chatbot|ai|language model)|you (?:will|must) (?:never refuse|always comply|comply with every|answer every|obey))\b".to_owned(),
        ),
        (
            PromptExtraction,
            10,
            concat!(
                r"\b(?:(?:reveal|show|print|repeat|output|display|tell me|give me|leak|expose|dump|return|recite|copy|share|send|disclose|translate|summari[sz]e|write (?:out|down)|what (?:is|are|was|were|does))(?: me| us| out| back)? (?:\w+ ){0,3}?your (?:\w+ ){0,2}?(?:system (?:prompt|message|instructions)|initial (?:prompt|instructions|message)|hidden (?:prompt|instructions|rules)|secret (?:prompt|instructions)|confidential (?:prompt|instructions)|original (?:prompt|instructions)|developer (?:prompt|message|instructions)|pre-?prompt|custom instructions)",
                r"|(?:repeat|print|output|recite|reveal)(?: out| back)? (?:all |everything |the (?:words|text|instructions|content|contents|sentences|messages?) |(?:all )?of the text |verbatim ){1,2}(?:above|before this|preceding|prior to this|from the beginning|at the (?:top|start) of)",
                r"|(?:reveal|leak|dump|expose|print|output) the (?:full |entire |complete |exact |hidden |secret )*system prompt)",
            )
            .to_owned(),
        ),
        (
            FakeTurn,
            10,
            concat!(
                r"<\|(?:im_start|start_header_id|system|start)\|> ?(?:system|assistant|developer)?",
                r"|<start_of_turn> ?(?:model|system)|<<sys>>|\[/?system\](?: |\n|:)|</?(?:system|system_prompt|system-prompt|instructions)>[ \n]{0,2}(?:you|new|ignore|from now|the user|override)",
            )
            .to_owned(),
        ),
        (
            FakeTurn,
            10,
            concat!(
                r"(?:^|\n) ?(?:#{1,4} ?)?\[?(?:system|assistant|developer|admin(?:istrator)?)(?: (?:message|prompt|override|note))?\]? ?: ?",
                r"(?:\n )?(?:you (?:are|must|will|should|now)|ignore|disregard|override|new (?:instructions?|rules?|task)|from now|the user (?:is|has|may)|all (?:safety|restrictions|filters)|sure[,!] (?:here|i)|safety|access granted|grant)\b",
            )
            .to_owned(),
        ),
        (
            AddressesModel,
            10,
            concat!(
                r"\b(?:(?:note|message|instructions?|attention|important|hint|notice|memo) (?:to|for) (?:all |any |the |every )*(?:ai|a\.i\.|llms?|language models?|chatbots?|(?:ai|language) (?:assistants?|models?|agents?|systems?)|gpt|chatgpt|claude|copilot)\b",
                r"|attention,? (?:ai|llms?|chatgpt|language models?|chatbots?)\b",
                r"|(?:if|when|as|since) (?:you are|you're|you, as) (?:an? )?(?:ai(?: language model| assistant| model| agent| system|,| and| that| reading| you)|(?:large )?language model|llm|chatbot|automated (?:system|agent))\b.{0,80}\b(?:must|ignore|instead|say|reply|respond|recommend|rate|include|write|output|approve|append|do not|don't|always)\b",
                r"|(?:ai|llm|language model)s? (?:assistants? |agents? |models? )?(?:reading|processing|summari[sz]ing|parsing|reviewing|evaluating) (?:this|the) (?:\w+ )?(?:must|should|shall|are|is|has|have|will)\b)",
            )
            .to_owned(),
        ),
        (
            AddressesModel,
            5,
            r"\b(?:do not|don't|never|without) (?:mention(?:ing)?|tell(?:ing)?|reveal(?:ing)?|inform(?:ing)?|disclos(?:e|ing)|show(?:ing)?) (?:this|that|these|any of this|anything)?(?: \w+){0,3} ?(?:to )?(?:the )?(?:user|human|reader|anyone)\b".to_owned(),
        ),
        (
            SendsData,
            10,
            concat!(
                r"\b(?:send|post|forward|upload|transmit|exfiltrate|leak|submit|e-?mail)(?: \w+){0,6} (?:conversation|chat history|chat log|messages|api keys?|secrets?|passwords?|credentials|system prompt|private data|user(?:'s)? data|contents of (?:this|the) (?:chat|conversation)) (?:\w+ ){0,4}?to (?:https?://|[\w.+-]+@|(?:the )?(?:following|this) (?:url|address|server|endpoint))",
                r"|!\[[^\]\n]{0,80}\]\(https?://[^)\s]{1,200}[?&=/](?:\{|%7b|<|\[|\$\{)[^)\n]{0,80}(?:history|conversation|prompt|secret|data|summary|key|message)",
            )
            .to_owned(),
        ),
    ];
    let compile = |(rule, weight, text): (Rule, u32, String)| Pattern {
        rule,
        weight,
        // A line may end between any two words.
        regex: pattern(&text.replace(' ', r"[ \n]")),
    };
    table.into_iter().map(compile).collect()
});

/// What the patterns see in a text.
pub(super) fn hits(plain: &Plain) -> Vec<Hit> {
    let text = plain.text.as_str();
    let places = PATTERNS.iter().flat_map(|pattern| {
        pattern.regex.find_iter(text).take(HITS).map(|found| Hit {
            rule: pattern.rule,
            // A text about all this may tell of some of them.
            weight: if is_told_of(text, found.start(), found.end()) {
                1
            } else {
                pattern.weight
            },
            at: plain.original(found.start()),
        })
    });
    places.collect()
}

static TELLS_OF: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"\b(?:(?:tell(?:s|ing)?|told|ask(?:s|ed|ing)?|instruct(?:s|ed|ing)?|get(?:s|ting)?|trick(?:s|ed|ing)?|convinc(?:e|es|ed|ing)|makes?|making|made|caus(?:e|es|ed|ing)|want(?:s|ed)?|forc(?:e|es|ed|ing)) (?:the |an |a |your |our |its |any )?(?:\w+ ){0,2}(?:to )?|(?:says?|said|saying|writes?|wrote|written|writing|like|such as|phrases?|words?|sentences?|strings?|prompts?|inputs?|text|e\.g\.,?|example,?|called|named|attempts? (?:to|that|at)|tr(?:y|ies|ied|ying) to|designed to|meant to|how to|why|whether (?:to)?|user(?:s)? (?:can|could|may|might|will|would)|attackers? (?:can|could|may|might|will|would|who)|models?(?: (?:may|might|can|could|will|would|that|which|sometimes))?|llms?(?: (?:may|might|can|could|will|would))?|it (?:may|might|could|would|should not)|they (?:may|might|could|would)|should (?:not|never)|must (?:not|never)|never|not|cannot|can't|won't|refuses? to|detects?|blocks?|reject(?:s|ed)?|against) ?:? ?)$"#,
    )
});

/// Nobody else says it after this: "I want you to".
static COMMANDS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?:i|we)(?:'d| would|'ll| will|'m| am| must| hereby| now)?(?: \w+){0,2} you(?: now)? to|you (?:must|should|shall|will|have to|need to|are to|can|may)(?: now| also| please)?) $",
    )
});

/// More of one pattern say no more.
pub(super) const HITS: usize = 50;

/// How far back a quotation may begin.
const QUOTED_WITHIN: usize = 240;

/// It stands in quotation marks or in code, or what leads to it says that somebody else says it.
fn is_told_of(text: &str, start: usize, end: usize) -> bool {
    let line = text.get(..start).unwrap_or_default();
    let from = line.rfind('\n').map_or(0, |at| at + 1);
    let before = line.get(from..).unwrap_or_default();
    let cut = before
        .char_indices()
        .rev()
        .nth(QUOTED_WITHIN)
        .map_or(0, |(at, _)| at);
    let before = before.get(cut..).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    let after = after.split('\n').next().unwrap_or_default();
    let quoted = ['"', '`']
        .into_iter()
        .any(|mark| before.matches(mark).count() % 2 == 1 && after.contains(mark))
        || (before.ends_with('\'') && after.contains('\''));
    quoted || in_fence(line) || (TELLS_OF.is_match(before) && !COMMANDS.is_match(before))
}

/// It stands in a fence of code.
fn in_fence(before: &str) -> bool {
    before
        .split('\n')
        .filter(|line| line.trim_start().starts_with("```"))
        .count()
        % 2
        == 1
}
