#include "analyze/header.h"

#include "analyze/note.h"

#include <string.h>

/* RFC 5322 sets no limit; servers in use stop at 100 KiB or less. */
#define HEADER_BYTES_MAX 131072

/* FNV-1a (Fowler, Noll, Vo): words are compared, nothing is looked up by them. */
#define WORD_START  UINT64_C(0xcbf29ce484222325)
#define WORD_FACTOR UINT64_C(0x100000001b3)

enum header_state {
	HEADER_STATE_NONE = 0,
	HEADER_STATE_LINE,     /* at the start of a line */
	HEADER_STATE_UNDOTTED, /* behind the dot at the start of a line */
	HEADER_STATE_CR,       /* behind the CR of an empty line */
	HEADER_STATE_NAME,
	HEADER_STATE_VALUE,
	HEADER_STATE_SKIP, /* up to the end of the line */
};

enum header_field {
	HEADER_FIELD_OTHER = 0,
	HEADER_FIELD_RECEIVED,
	HEADER_FIELD_ORIGIN,    /* X-Originating-IP */
	HEADER_FIELD_SIGNATURE, /* tags, d= among them */
	HEADER_FIELD_SEAL, /* the same of an intermediary: no signature of the author's */
	HEADER_FIELD_RESULTS, /* who checked in front */
	HEADER_FIELD_TRACE,   /* of a check, without that */
	HEADER_FIELD_FROM,
};

enum header_clause {
	HEADER_CLAUSE_NONE = 0,
	HEADER_CLAUSE_FROM,
	HEADER_CLAUSE_ID,
	HEADER_CLAUSE_FIRST, /* no word of the field was read */
};

/*
 * RFC 6376, RFC 8601, RFC 8617 section 4.1, RFC 7208 section 9.1; DKIM2-Signature of
 * draft-ietf-dkim-dkim2-header.
 */
static const struct text_word_row *const FIELDS[TEXT_WORD_LISTS] = {
	[TEXT_WORD_LIST('A')] =
		TEXT_WORDS({"ARC-Authentication-Results", HEADER_FIELD_RESULTS},
			{"ARC-Seal", HEADER_FIELD_SEAL},
			{"Authentication-Results", HEADER_FIELD_RESULTS}),
	[TEXT_WORD_LIST('D')] = TEXT_WORDS({"DKIM-Signature", HEADER_FIELD_SIGNATURE},
		{"DKIM2-Signature", HEADER_FIELD_SIGNATURE}),
	[TEXT_WORD_LIST('F')] = TEXT_WORDS({"From", HEADER_FIELD_FROM}),
	[TEXT_WORD_LIST('R')] = TEXT_WORDS({"Received", HEADER_FIELD_RECEIVED},
		{"Received-SPF", HEADER_FIELD_TRACE}),
	[TEXT_WORD_LIST('X')] = TEXT_WORDS({"X-Originating-IP", HEADER_FIELD_ORIGIN}),
};

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 'a' - 'A') : byte;
}

/* Bytes behind those that word is the hash of, or 0 where there are none. */
static uint64_t word_add(uint64_t word, struct text bytes)
{
	uint64_t hash = word != 0 || bytes.len == 0 ? word : WORD_START;
	for (size_t i = 0; i < bytes.len; i++) {
		hash = (hash ^ lower(bytes.at[i])) * WORD_FACTOR;
	}
	return hash;
}

/* A value behind the name of its field. */
static uint64_t value_add(uint64_t name, struct text value)
{
	static const struct text COLON = {(const uint8_t *)":", 1};
	return value.len > 0 ? word_add(word_add(name, COLON), value) : name;
}

uint64_t header_word_hash(struct text word)
{
	return word_add(0, word);
}

static enum header_field field_find(struct text name)
{
	return (enum header_field)text_find(name, FIELDS, HEADER_FIELD_OTHER);
}

bool header_has_value(struct text name)
{
	const enum header_field field = field_find(name);
	return field == HEADER_FIELD_SIGNATURE || field == HEADER_FIELD_SEAL ||
	       field == HEADER_FIELD_RESULTS;
}

uint64_t header_field_hash(struct text name, struct text value)
{
	return value_add(header_word_hash(name), value);
}

void header_start(struct header *header, bool is_stuffed, bool has_sender)
{
	*header = (struct header){
		.state = HEADER_STATE_LINE,
		.left = HEADER_BYTES_MAX,
		.is_stuffed = is_stuffed,
		.has_sender = has_sender,
	};
}

void header_lost(struct header *header)
{
	header->state = HEADER_STATE_NONE;
}

static void text_keep(struct header *header, uint8_t byte)
{
	if (header->len < HEADER_WORD_BYTES - 1) {
		header->text[header->len] = (char)byte;
		header->len++;
	}
}

static bool is_of_literal(uint8_t byte)
{
	const uint8_t small = lower(byte);
	return (byte >= '0' && byte <= '9') || (small >= 'a' && small <= 'f') ||
	       byte == ':' || byte == '.' || small == 'i' || small == 'p' ||
	       small == 'v';
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Addresses stand in brackets, alone in parentheses, or bare in X-Originating-IP. */
static void literal_byte(struct header *header, struct facts *facts, uint8_t byte)
{
	const bool is_bare = header->closer == ' ';
	if (byte == '[' || byte == '(') {
		header->closer = byte == '[' ? ']' : ')';
		header->len = 0;
	} else if (header->closer == 0 ||
		   (is_bare && is_blank(byte) && header->len == 0)) {
		return;
	} else if (is_bare ? is_blank(byte) : byte == header->closer) {
		header->closer = 0;
		header->text[header->len] = '\0';
		note_header_address(facts, header->text);
	} else {
		header->closer = 0; /* a name, a zone index (RFC 4007), a version */
	}
}

static void word_end(struct header *header)
{
	if (header->word == 0) {
		return;
	}
	if (header->clause == HEADER_CLAUSE_FROM) {
		header->received_from = header->word;
	} else if (header->clause == HEADER_CLAUSE_ID && header->received_id == 0) {
		header->received_id = header->word;
	}
	const bool is_first = header->clause == HEADER_CLAUSE_FIRST;
	header->clause = HEADER_CLAUSE_NONE;
	if (is_first && header->word == header_word_hash((struct text){
						(const uint8_t *)"from", 4})) {
		header->clause = HEADER_CLAUSE_FROM;
	} else if (header->word ==
		   header_word_hash((struct text){(const uint8_t *)"id", 2})) {
		header->clause = HEADER_CLAUSE_ID;
	}
	header->word = 0;
}

/* RFC 5321 section 4.4: "from NAME ... id STRING ...;", comments in parentheses. */
static void word_byte(struct header *header, uint8_t byte)
{
	if (byte == '(') {
		word_end(header);
		if (header->depth < UINT8_MAX) {
			header->depth++;
		}
	} else if (byte == ')') {
		if (header->depth > 0) {
			header->depth--;
		}
	} else if (is_blank(byte) || byte == ';') {
		word_end(header);
	} else if (header->depth == 0) {
		header->word = word_add(header->word, (struct text){&byte, 1});
	}
}

/* What is left of the field is not wanted. */
static void value_skip(struct header *header)
{
	header->field = HEADER_FIELD_OTHER;
	header->state = HEADER_STATE_SKIP;
}

/* The value that the field is known by. */
static void value_note(struct header *header, struct text value)
{
	facts_field_add(header->fields, value_add(header->field_hash, value));
	value_skip(header);
}

/* A tag of a signature ends: "d=example.org" (RFC 6376 section 3.2). */
static void tag_end(struct header *header)
{
	const struct text tag = {(const uint8_t *)header->text, header->len};
	if (text_starts(tag, "d=") && tag.len > 2) {
		value_note(header, (struct text){tag.at + 2, tag.len - 2});
	}
	header->len = 0;
}

/* The name of who checked, behind the instance in ARC ("i=1;"). RFC 8601 section 2.2. */
static void checker_end(struct header *header)
{
	const struct text word = {(const uint8_t *)header->text, header->len};
	if (word.len > 0 && !text_starts(word, "i=")) {
		value_note(header, word);
	}
	header->len = 0;
}

static void author_end(struct header *header)
{
	const struct text domain = {(const uint8_t *)header->text, header->len};
	if (header->closer == '@' && domain.len > 0) {
		note_domain(header->author, domain);
	}
	header->closer = 0;
	header->len = 0;
}

static bool is_of_domain(uint8_t byte)
{
	const uint8_t small = lower(byte);
	return (byte >= '0' && byte <= '9') || (small >= 'a' && small <= 'z') ||
	       byte == '-' || byte == '.' || byte == '_' || byte >= 0x80;
}

/*
 * RFC 5322 section 3.4: the address in angle brackets, or the first one. Names in
 * quotes and comments may hold an @ of their own.
 */
static void author_byte(struct header *header, uint8_t byte)
{
	if (byte == '"' && header->depth == 0) {
		header->is_quoted = !header->is_quoted;
	} else if (header->is_quoted || (header->depth > 0 && byte != ')')) {
		return;
	} else if (byte == '(' || byte == ')') {
		header->depth = byte == '(';
	} else if (byte == '@' || byte == '<') {
		header->closer = byte;
		header->len = 0;
	} else if (header->closer == '@') {
		author_end(header);
		if (byte == '>' || byte == ',') {
			value_skip(header);
		}
	}
}

static bool is_open_field(enum header_field field)
{
	return field != HEADER_FIELD_OTHER && field != HEADER_FIELD_TRACE;
}

/* The field ends with whatever of it was wanted still being read. */
static void value_end(struct header *header)
{
	switch ((enum header_field)header->field) {
	case HEADER_FIELD_SIGNATURE:
	case HEADER_FIELD_SEAL:
		tag_end(header);
		break;
	case HEADER_FIELD_RESULTS:
		checker_end(header);
		break;
	case HEADER_FIELD_FROM:
		author_end(header);
		break;
	default:
		break;
	}
}

static void value_start(struct header *header, enum header_field field)
{
	header->has_signature |= field == HEADER_FIELD_SIGNATURE;
	header->has_results |=
		field == HEADER_FIELD_RESULTS || field == HEADER_FIELD_TRACE;
	header->state = is_open_field(field) ? HEADER_STATE_VALUE : HEADER_STATE_SKIP;
	header->closer = field == HEADER_FIELD_ORIGIN ? ' ' : 0;
	header->len = 0;
	header->is_quoted = false;
	if (field == HEADER_FIELD_FROM && header->author[0] != '\0') {
		value_skip(header); /* the first one counts */
	}
}

static void name_end(struct header *header)
{
	const struct text name = {(const uint8_t *)header->text, header->len};
	header->field = (uint8_t)field_find(name);
	header->field_hash = header_word_hash(name);
	facts_field_add(header->fields, header->field_hash);
	value_start(header, (enum header_field)header->field);
	header->word = 0;
	header->depth = 0;
	header->clause = HEADER_CLAUSE_FIRST;
}

/* The field is over when a line begins that does not continue it. */
static void field_end(struct header *header)
{
	value_end(header);
	header->has_received |= header->field == HEADER_FIELD_RECEIVED;
	header->field = HEADER_FIELD_OTHER;
}

static void block_end(struct header *header, struct facts *facts)
{
	struct facts_headers *headers = &facts->headers;
	field_end(header);
	header->state = HEADER_STATE_NONE;
	headers->messages++;
	if (header->has_sender) {
		note_header_fields(facts, header->fields);
		headers->without_dkim_signature += !header->has_signature;
		headers->without_authentication_results += !header->has_results;
	}
}

static void line_start(struct header *header, struct facts *facts, uint8_t byte)
{
	const bool is_folded = byte == ' ' || byte == '\t';
	if (header->state == HEADER_STATE_CR) {
		header->state = HEADER_STATE_SKIP; /* a CR alone is part of a line */
		if (byte == '\n') {
			block_end(header, facts);
		}
	} else if (byte == '.' && header->is_stuffed &&
		   header->state == HEADER_STATE_LINE) {
		header->state = HEADER_STATE_UNDOTTED;
	} else if (byte == '\n') {
		block_end(header, facts);
	} else if (byte == '\r') {
		header->state = HEADER_STATE_CR;
	} else if (is_folded) {
		header->state = is_open_field((enum header_field)header->field)
					? HEADER_STATE_VALUE
					: HEADER_STATE_SKIP;
	} else {
		field_end(header);
		header->state = HEADER_STATE_NAME;
		header->len = 0;
		text_keep(header, byte);
	}
}

/* One that ends a run. */
static void value_byte(struct header *header, struct facts *facts, uint8_t byte)
{
	switch ((enum header_field)header->field) {
	case HEADER_FIELD_SIGNATURE:
	case HEADER_FIELD_SEAL:
		if (byte ==
			';') { /* blanks may stand around "=" and in a folded value */
			tag_end(header);
		}
		return;
	case HEADER_FIELD_RESULTS:
		checker_end(header);
		return;
	case HEADER_FIELD_FROM:
		author_byte(header, byte);
		return;
	default:
		break;
	}
	literal_byte(header, facts, byte);
	if (header->field == HEADER_FIELD_RECEIVED && !header->has_received) {
		word_byte(header, byte);
	}
}

static void header_byte(struct header *header, struct facts *facts, uint8_t byte)
{
	switch ((enum header_state)header->state) {
	case HEADER_STATE_NAME:
		if (byte == ':') { /* blanks before it: RFC 5322 section 4.5.8 */
			name_end(header);
		}
		break;
	case HEADER_STATE_VALUE:
		value_byte(header, facts, byte);
		break;
	case HEADER_STATE_NONE:
	case HEADER_STATE_SKIP:
		break;
	case HEADER_STATE_LINE:
	case HEADER_STATE_UNDOTTED:
	case HEADER_STATE_CR:
		line_start(header, facts, byte);
		return;
	}
	if (byte == '\n') {
		header->state = HEADER_STATE_LINE;
	}
}

/* What the runs end at: of all other bytes a look at each would change but the same. */
enum header_run_end {
	ENDS_NAME = 1,
	ENDS_TAG = 2, /* of a signature; and the name of who checked */
	ENDS_AUTHOR = 4,
	ENDS_WORD = 8,
	ENDS_PLAIN = 16, /* outside of addresses */
};

static const uint8_t ENDS[UINT8_MAX + 1] = {
	[0 ... '\t' - 1] = ENDS_WORD,
	['\t'] = ENDS_NAME | ENDS_TAG | ENDS_WORD,
	['\n'] = ENDS_NAME | ENDS_TAG | ENDS_AUTHOR | ENDS_WORD | ENDS_PLAIN,
	['\n' + 1 ... '\r' - 1] = ENDS_WORD,
	['\r'] = ENDS_TAG | ENDS_WORD,
	['\r' + 1 ... ' ' - 1] = ENDS_WORD,
	[' '] = ENDS_NAME | ENDS_TAG | ENDS_WORD,
	['"'] = ENDS_AUTHOR,
	['('] = ENDS_AUTHOR | ENDS_WORD | ENDS_PLAIN,
	[')'] = ENDS_AUTHOR | ENDS_WORD,
	[':'] = ENDS_NAME,
	[';'] = ENDS_TAG | ENDS_WORD,
	['<'] = ENDS_AUTHOR,
	['@'] = ENDS_AUTHOR,
	['['] = ENDS_WORD | ENDS_PLAIN,
};

static size_t run_len(struct text bytes, enum header_run_end end)
{
	size_t len = 0;
	while (len < bytes.len && (ENDS[bytes.at[len]] & end) == 0) {
		len++;
	}
	return len;
}

static size_t run_of(struct text bytes, bool (*is_in)(uint8_t byte))
{
	size_t len = 0;
	while (len < bytes.len && is_in(bytes.at[len])) {
		len++;
	}
	return len;
}

static size_t keep_run(struct header *header, struct text bytes, size_t len)
{
	const size_t room = HEADER_WORD_BYTES - 1U - header->len;
	const size_t kept = len < room ? len : room;
	memcpy(header->text + header->len, bytes.at, kept);
	header->len += (uint8_t)kept;
	return len;
}

static void word_run(struct header *header, struct text bytes, size_t len)
{
	if (header->depth == 0) {
		header->word = word_add(header->word, (struct text){bytes.at, len});
	}
}

/* Words, with the blanks between them. */
static size_t words_run(struct header *header, struct text bytes)
{
	size_t len = 0;
	for (;;) { /* each turn takes some of the bytes */
		const struct text rest = {bytes.at + len, bytes.len - len};
		const size_t word = run_len(rest, ENDS_WORD);
		word_run(header, rest, word);
		len += word;
		if (word == rest.len ||
			(rest.at[word] != ' ' && rest.at[word] != '\t')) {
			return len;
		}
		word_end(header);
		len++;
	}
}

static size_t value_run(struct header *header, struct text bytes)
{
	const bool has_words =
		header->field == HEADER_FIELD_RECEIVED && !header->has_received;
	if (header->closer == 0) {
		return has_words ? words_run(header, bytes)
				 : run_len(bytes, ENDS_PLAIN);
	}
	const size_t len = keep_run(header, bytes, run_of(bytes, is_of_literal));
	if (has_words) {
		word_run(header, bytes, len);
	}
	return len;
}

static size_t author_run(struct header *header, struct text bytes)
{
	return header->closer == '@' && !header->is_quoted && header->depth == 0
		       ? keep_run(header, bytes, run_of(bytes, is_of_domain))
		       : run_len(bytes, ENDS_AUTHOR);
}

static size_t field_run(struct header *header, struct text bytes)
{
	switch ((enum header_field)header->field) {
	case HEADER_FIELD_FROM:
		return author_run(header, bytes);
	case HEADER_FIELD_SIGNATURE:
	case HEADER_FIELD_SEAL:
	case HEADER_FIELD_RESULTS:
		return keep_run(header, bytes, run_len(bytes, ENDS_TAG));
	default:
		return value_run(header, bytes);
	}
}

/* What comes before the next byte that is to be looked at: how much. */
static size_t header_run(struct header *header, struct text bytes)
{
	if (header->state == HEADER_STATE_NAME) {
		return keep_run(header, bytes, run_len(bytes, ENDS_NAME));
	}
	if (header->state == HEADER_STATE_VALUE) {
		return field_run(header, bytes);
	}
	if (header->state == HEADER_STATE_SKIP) {
		const uint8_t *lf = memchr(bytes.at, '\n', bytes.len);
		return lf != NULL ? (size_t)(lf - bytes.at) : bytes.len;
	}
	return 0;
}

void header_bytes(struct header *header, struct facts *facts, struct text bytes)
{
	while (bytes.len > 0 && header_is_open(header)) {
		const size_t most = bytes.len < header->left ? bytes.len : header->left;
		const size_t run = header_run(header, (struct text){bytes.at, most});
		header->left -= (uint32_t)run;
		bytes.at += run;
		bytes.len -= run;
		if (bytes.len == 0) {
			return;
		}
		if (header->left == 0) {
			header_lost(header);
			return;
		}
		header->left--;
		header_byte(header, facts, *bytes.at);
		bytes.at++;
		bytes.len--;
	}
}

void header_end(struct header *header, struct facts *facts)
{
	if (!header_is_open(header)) {
		return;
	}
	if (header->state == HEADER_STATE_VALUE) {
		value_byte(header, facts, '\n');
	}
	block_end(header, facts);
}
