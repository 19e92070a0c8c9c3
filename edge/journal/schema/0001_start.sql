-- The journal's first schema. A migration is one numbered file; PRAGMA user_version says how many
-- have been applied. Nothing here is ever edited after a release: the next change is 0002.

-- Facts about this file: epoch (its identity), dropped (entries given up before delivery),
-- damaged (entries given up because their checksum failed).
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- One sequence over data and events. AUTOINCREMENT: a seq is never given twice, pruned or not.
-- crc = CRC-32 of body: SQLite itself does not notice a flipped bit inside a value.
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    body BLOB NOT NULL
);

-- How far each reader inside the gateway has come.
CREATE TABLE cursor (
    reader TEXT NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL
) WITHOUT ROWID;

-- What a destination has acknowledged, as closed ranges of seq that neither overlap nor touch.
-- dest '' = the entries no longer kept (pruned or damaged): nobody waits for them.
CREATE TABLE settled (
    dest TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (dest, first)
) WITHOUT ROWID;
