//! How each language is written: its words, its quotes, its comments.

use super::Name;

/// How a language's lines are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    General,
    Markup,
    Diff,
    Yaml,
    Markdown,
}

/// A kind of string.
#[derive(Debug)]
pub(super) struct Quote {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    /// A backslash takes the next character's meaning away.
    pub(super) escapes: bool,
    /// It may have several lines.
    pub(super) lines: bool,
    /// It holds one character.
    pub(super) single: bool,
}

/// A language.
#[derive(Debug)]
pub(super) struct Language {
    pub(super) way: Way,
    /// What a comment begins with that ends with its line.
    pub(super) comments: &'static [&'static str],
    /// What other comments begin and end with.
    pub(super) block: Option<(&'static str, &'static str)>,
    /// Those may hold each other.
    pub(super) nested: bool,
    /// The longer marks before the shorter ones.
    pub(super) quotes: &'static [Quote],
    pub(super) keywords: &'static str,
    /// Words that stand for values.
    pub(super) values: &'static str,
    pub(super) types: &'static str,
    /// What belongs to a word besides letters, digits and underscores.
    pub(super) letters: &'static str,
    /// What makes the word before it a key (`=` also of a line's beginning, `-` only there); `1`: a line's first word is a
    /// keyword.
    pub(super) keys: Option<char>,
    /// What instructions begin with.
    pub(super) meta: &'static [&'static str],
    /// A word with a capital is a type.
    pub(super) capitals: bool,
    /// There are tags in it.
    pub(super) tags: bool,
    /// Words are the same in capitals.
    pub(super) folds: bool,
}

impl Language {
    /// A list has this word.
    pub(super) fn has(&self, list: &str, word: &str) -> bool {
        let found = |word: &str| list.split_ascii_whitespace().any(|known| known == word);
        if self.folds {
            found(&word.to_ascii_lowercase())
        } else {
            found(word)
        }
    }
}

const fn quote(open: &'static str, close: &'static str) -> Quote {
    Quote {
        open,
        close,
        escapes: true,
        lines: false,
        single: false,
    }
}

const fn long(open: &'static str, close: &'static str) -> Quote {
    Quote {
        lines: true,
        ..quote(open, close)
    }
}

const fn raw(open: &'static str, close: &'static str) -> Quote {
    Quote {
        escapes: false,
        ..long(open, close)
    }
}

const DOUBLE: Quote = quote("\"", "\"");
const SINGLE: Quote = quote("'", "'");
const CHARACTER: Quote = Quote {
    single: true,
    ..SINGLE
};

const PLAIN: Language = Language {
    way: Way::General,
    comments: &[],
    block: None,
    nested: false,
    quotes: &[DOUBLE, SINGLE],
    keywords: "",
    values: "true false null",
    types: "",
    letters: "",
    keys: None,
    meta: &[],
    capitals: false,
    tags: false,
    folds: false,
};

/// What many languages have of C.
const LIKE_C: Language = Language {
    comments: &["//"],
    block: Some(("/*", "*/")),
    capitals: true,
    ..PLAIN
};

static RUST: Language = Language {
    nested: true,
    quotes: &[
        raw("r##\"", "\"##"),
        raw("r#\"", "\"#"),
        raw("r\"", "\""),
        long("b\"", "\""),
        long("\"", "\""),
        CHARACTER,
    ],
    keywords: "as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait type union unsafe use where while yield",
    values: "true false None Some Ok Err",
    types: "bool char str u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64",
    meta: &["#![", "#["],
    ..LIKE_C
};

static PYTHON: Language = Language {
    comments: &["#"],
    quotes: &[
        long("\"\"\"", "\"\"\""),
        long("'''", "'''"),
        quote("f\"", "\""),
        quote("r\"", "\""),
        quote("b\"", "\""),
        quote("f'", "'"),
        quote("r'", "'"),
        quote("b'", "'"),
        DOUBLE,
        SINGLE,
    ],
    keywords: "and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield match case",
    values: "True False None self cls",
    types: "int float str bool bytes list dict set tuple object type range print len",
    meta: &["@"],
    capitals: true,
    ..PLAIN
};

static SCRIPT: Language = Language {
    quotes: &[long("`", "`"), DOUBLE, SINGLE],
    keywords: "abstract as async await break case catch class const continue debugger declare default delete do else enum export extends finally for from function get if implements import in infer instanceof interface is keyof let namespace new of override private protected public readonly return satisfies set static super switch this throw try type typeof var void while with yield",
    values: "true false null undefined NaN Infinity",
    types: "any bigint boolean never number object string symbol unknown",
    letters: "$",
    meta: &["@"],
    tags: true,
    ..LIKE_C
};

static JSON: Language = Language {
    comments: &["//"],
    block: Some(("/*", "*/")),
    quotes: &[DOUBLE],
    keys: Some(':'),
    ..PLAIN
};

static CSS: Language = Language {
    block: Some(("/*", "*/")),
    values: "auto none inherit initial unset revert important",
    letters: "-",
    keys: Some('-'),
    meta: &["@", "#", "--"],
    ..PLAIN
};

static SQL: Language = Language {
    comments: &["--"],
    block: Some(("/*", "*/")),
    quotes: &[long("'", "'"), DOUBLE, quote("`", "`")],
    keywords: "add all alter and any as asc begin between by cascade case check collate column commit constraint create cross database default delete desc distinct drop else end except exists explain filter foreign from full function group having if in index inner insert intersect into is join key lateral left like limit materialized natural not nulls offset on or order outer over partition primary procedure recursive references replace returning right rollback row rows select set table temporary then to transaction trigger truncate union unique update using values view when where window with without",
    values: "true false null current_date current_timestamp",
    types: "bigint blob boolean char date datetime decimal double float int integer interval json jsonb numeric real serial smallint text time timestamp timestamptz uuid varchar",
    folds: true,
    ..PLAIN
};

static SHELL: Language = Language {
    comments: &["#"],
    quotes: &[long("\"", "\""), raw("'", "'")],
    keywords: "if then elif else fi for while until do done case esac in function select return break continue exit local export readonly declare set unset shift trap source alias",
    values: "true false",
    types: "awk cat cargo cd chmod cp curl docker echo find git grep kubectl ls make mkdir mv npm pip printf python read rm sed ssh sudo tar test",
    letters: "$",
    ..PLAIN
};

static C: Language = Language {
    quotes: &[raw("R\"(", ")\""), DOUBLE, SINGLE],
    keywords: "alignas alignof asm auto break case catch class co_await co_return co_yield concept const consteval constexpr continue decltype default delete do else enum explicit export extern final for friend goto if inline mutable namespace new noexcept operator override private protected public register requires restrict return sizeof static static_assert static_cast struct switch template this thread_local throw try typedef typeid typename union using virtual volatile while",
    values: "true false nullptr NULL",
    types: "bool char double float int long short signed size_t ssize_t unsigned void wchar_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t string vector map std",
    meta: &["#"],
    ..LIKE_C
};

static CSHARP: Language = Language {
    quotes: &[
        raw("\"\"\"", "\"\"\""),
        raw("@\"", "\""),
        quote("$\"", "\""),
        DOUBLE,
        SINGLE,
    ],
    keywords: "abstract as async await base break case catch checked class const continue default delegate do else enum event explicit extern finally fixed for foreach get goto if implicit in init interface internal is lock namespace new operator out override params partial private protected public readonly record ref required return sealed set sizeof static struct switch this throw try typeof unchecked unsafe using var virtual volatile when where while with yield",
    types: "bool byte char decimal double dynamic float int long nint object sbyte short string uint ulong ushort void",
    meta: &["#"],
    ..LIKE_C
};

static JAVA: Language = Language {
    quotes: &[long("\"\"\"", "\"\"\""), DOUBLE, SINGLE],
    keywords: "abstract assert break case catch class const continue default do else enum extends final finally for if implements import instanceof interface native new package permits private protected public record return sealed static strictfp super switch synchronized this throw throws transient try var volatile while yield",
    types: "boolean byte char double float int long short void",
    meta: &["@"],
    ..LIKE_C
};

static KOTLIN: Language = Language {
    nested: true,
    quotes: &[raw("\"\"\"", "\"\"\""), DOUBLE, SINGLE],
    keywords: "abstract actual annotation as break by catch class companion const constructor continue crossinline data do else enum expect external final finally for fun get if import in infix init inline inner interface internal is lateinit noinline object open operator out override package private protected public reified return sealed set super suspend tailrec this throw try typealias val var vararg when where while",
    meta: &["@"],
    ..LIKE_C
};

static GO: Language = Language {
    quotes: &[raw("`", "`"), DOUBLE, SINGLE],
    keywords: "break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct switch type var",
    values: "true false nil iota",
    types: "any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 uint32 uint64 uintptr append cap len make new panic",
    ..LIKE_C
};

static RUBY: Language = Language {
    comments: &["#"],
    block: Some(("=begin", "=end")),
    quotes: &[long("\"", "\""), long("'", "'"), quote("`", "`")],
    keywords: "alias and begin break case class def defined do else elsif end ensure extend for if in include loop module next not or private protected public raise redo require require_relative rescue retry return super then undef unless until when while yield attr_accessor attr_reader attr_writer",
    values: "true false nil self",
    letters: "?",
    meta: &["@", ":"],
    capitals: true,
    ..PLAIN
};

static PHP: Language = Language {
    comments: &["//", "#"],
    block: Some(("/*", "*/")),
    quotes: &[long("\"", "\""), long("'", "'")],
    keywords: "abstract and as break case catch class clone const continue declare default do echo else elseif enum extends final finally fn for foreach function global goto if implements include include_once instanceof insteadof interface isset list match namespace new or php print private protected public readonly require require_once return static switch throw trait try unset use var while yield",
    values: "true false null self parent TRUE FALSE NULL",
    types: "array bool callable float int iterable mixed never object string void",
    letters: "$",
    meta: &["#["],
    capitals: true,
    ..PLAIN
};

static SWIFT: Language = Language {
    nested: true,
    quotes: &[long("\"\"\"", "\"\"\""), DOUBLE],
    keywords: "actor as associatedtype async await break case catch class continue convenience default defer deinit do else enum extension fallthrough fileprivate final for func get guard if import in indirect init inout internal is lazy let mutating nonisolated open operator override private protocol public repeat required rethrows return set some static struct subscript super switch throw throws try typealias unowned var weak where while",
    values: "true false nil self Self",
    meta: &["@", "#"],
    ..LIKE_C
};

static TOML: Language = Language {
    comments: &["#", ";"],
    quotes: &[long("\"\"\"", "\"\"\""), raw("'''", "'''"), DOUBLE, SINGLE],
    letters: "-",
    keys: Some('='),
    meta: &["[["],
    ..PLAIN
};

pub(super) static YAML: Language = Language {
    way: Way::Yaml,
    comments: &["#"],
    values: "true false null yes no on off",
    letters: "-",
    meta: &["&", "*", "!"],
    ..PLAIN
};

static DOCKERFILE: Language = Language {
    comments: &["#"],
    keywords: "as AS",
    keys: Some('1'),
    letters: "$",
    ..PLAIN
};

static LUA: Language = Language {
    comments: &["--"],
    block: Some(("--[[", "]]")),
    quotes: &[raw("[[", "]]"), DOUBLE, SINGLE],
    keywords: "and break do else elseif end for function goto if in local not or repeat return then until while",
    values: "true false nil self",
    ..PLAIN
};

static DIFF: Language = Language {
    way: Way::Diff,
    ..PLAIN
};

static MARKUP: Language = Language {
    way: Way::Markup,
    ..PLAIN
};

static MARKDOWN: Language = Language {
    way: Way::Markdown,
    ..PLAIN
};

impl Name {
    pub(super) fn language(self) -> &'static Language {
        match self {
            Self::Rust => &RUST,
            Self::Python => &PYTHON,
            Self::Script => &SCRIPT,
            Self::Json => &JSON,
            Self::Css => &CSS,
            Self::Sql => &SQL,
            Self::Shell => &SHELL,
            Self::C => &C,
            Self::CSharp => &CSHARP,
            Self::Java => &JAVA,
            Self::Kotlin => &KOTLIN,
            Self::Go => &GO,
            Self::Ruby => &RUBY,
            Self::Php => &PHP,
            Self::Swift => &SWIFT,
            Self::Toml => &TOML,
            Self::Yaml => &YAML,
            Self::Dockerfile => &DOCKERFILE,
            Self::Lua => &LUA,
            Self::Diff => &DIFF,
            Self::Markup => &MARKUP,
            Self::Markdown => &MARKDOWN,
        }
    }
}
