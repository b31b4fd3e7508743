//! What other languages say for "ignore your instructions".

/// German, French, Spanish, Italian, Portuguese, Dutch.
pub(super) const OTHER_LANGUAGES: &str = concat!(
    r"\b(?:(?:ignorier(?:e|en sie|t)?|vergiss|vergessen sie|missachte) (?:bitte )?(?:alle|die|deine|ihre|s(?:ä|ae)mtliche)(?: \w+){0,2} (?:anweisungen|instruktionen|vorgaben|regeln|befehle)",
    r"|(?:ignore[zr]?|oublie[zr]?) (?:toutes )?(?:les|tes|vos|ces) (?:\w+ )?(?:instructions|consignes|r(?:è|e)gles|directives)",
    r"|(?:ignora|ignore|olvida|olvide) (?:todas )?(?:las|tus|sus) (?:\w+ )?(?:instrucciones|reglas|indicaciones)",
    r"|(?:ignora|dimentica) (?:tutte )?(?:le|queste) (?:tue )?(?:\w+ )?(?:istruzioni|regole)",
    r"|(?:ignore|esque(?:ç|c)a) (?:todas )?(?:as|suas) (?:\w+ )?(?:instru(?:ç|c)(?:õ|o)es|regras)",
    r"|negeer (?:alle )?(?:de |je )?(?:\w+ )?(?:instructies|regels))",
);
