#include "audit/spf_macro.h"

#include <stdio.h>
#include <string.h>

#define LETTERS         "slodiphv"
#define LETTERS_OF_TEXT LETTERS "crt"
#define DELIMITERS      ".-+,/_="
#define PARTS_MAX       128 /* labels of a name; of more, the last ones count */

struct macro {
	char letter; /* lower case; 0: it stands for itself */
	char literal;
	bool is_escaped; /* upper case: for a URL */
	unsigned parts;  /* so many from the right; 0: all */
	bool is_reversed;
	const char *delimiters;
	size_t delimiter_count;
};

struct output {
	char *text;
	size_t size;
	size_t len; /* as it would be without a bound */
};

static void put(struct output *out, char byte)
{
	if (out->len + 1 < out->size) {
		out->text[out->len] = byte;
	}
	out->len++;
}

static char lower(char letter)
{
	if (letter >= 'A' && letter <= 'Z') {
		letter = (char)(letter | 0x20);
	}
	return letter;
}

/* Behind "%{"; returns where it ends, NULL: it is none. */
static const char *read_braces(const char *at, struct macro *macro)
{
	macro->is_escaped = *at >= 'A' && *at <= 'Z';
	macro->letter = lower(*at);
	if (*at == '\0' || !strchr(LETTERS_OF_TEXT, macro->letter)) {
		return NULL;
	}
	at++;
	const char *digits = at;
	for (; *at >= '0' && *at <= '9'; at++) {
		macro->parts = macro->parts >= PARTS_MAX
				       ? PARTS_MAX
				       : macro->parts * 10 + (unsigned)(*at - '0');
	}
	if (at > digits && macro->parts == 0) {
		return NULL;
	}
	macro->is_reversed = lower(*at) == 'r';
	at += macro->is_reversed;
	macro->delimiters = at;
	macro->delimiter_count = strspn(at, DELIMITERS);
	at += macro->delimiter_count;
	return *at == '}' ? at + 1 : NULL;
}

/* At '%'; the same. */
static const char *read_macro(const char *at, struct macro *macro)
{
	*macro = (struct macro){.letter = 0};
	at++;
	if (*at == '{') {
		return read_braces(at + 1, macro);
	}
	if (*at != '%' && *at != '_' && *at != '-') {
		return NULL;
	}
	macro->literal = *at;
	return at + 1;
}

bool spf_macros_are_valid(const char *spec, bool is_text)
{
	struct macro macro;
	for (const char *at = spec; at && *at != '\0';) {
		if (*at != '%') {
			at++;
			continue;
		}
		at = read_macro(at, &macro);
		if (!at ||
			(macro.letter && !is_text && !strchr(LETTERS, macro.letter))) {
			return false;
		}
	}
	return true;
}

bool spf_macro_ends(const char *spec)
{
	struct macro macro;
	bool is_macro = false;
	for (const char *at = spec; at && *at != '\0';) {
		is_macro = *at == '%';
		at = is_macro ? read_macro(at, &macro) : at + 1;
	}
	return is_macro;
}

static void put_escaped(struct output *out, char byte, bool is_escaped)
{
	static const char HEX[] = "0123456789ABCDEF";
	const bool is_unreserved = (byte >= 'a' && byte <= 'z') ||
				   (byte >= 'A' && byte <= 'Z') ||
				   (byte >= '0' && byte <= '9') || byte == '-' ||
				   byte == '.' || byte == '_' || byte == '~';
	if (!is_escaped || is_unreserved) {
		put(out, byte);
		return;
	}
	put(out, '%');
	put(out, HEX[(uint8_t)byte >> 4]);
	put(out, HEX[(uint8_t)byte & 15]);
}

struct part {
	const char *at;
	size_t len;
};

/* The parts of a value; of more than fit, the rest of the text is the last one. */
static size_t cut(const struct macro *macro, const char *value, struct part *parts)
{
	char delimiters[64] = ".";
	size_t count = 0;
	if (macro->delimiter_count > 0) {
		(void)snprintf(delimiters, sizeof(delimiters), "%.*s",
			(int)macro->delimiter_count, macro->delimiters);
	}
	for (;;) {
		const size_t len = count + 1 < PARTS_MAX ? strcspn(value, delimiters)
							 : strlen(value);
		parts[count++] = (struct part){value, len};
		if (value[len] == '\0') {
			return count;
		}
		value += len + 1;
	}
}

static void put_value(struct output *out, const struct macro *macro, const char *value)
{
	struct part parts[PARTS_MAX];
	const size_t count = cut(macro, value, parts);
	const size_t wanted =
		macro->parts > 0 && macro->parts < count ? macro->parts : count;
	for (size_t i = count - wanted; i < count; i++) {
		/* the rightmost of them, also when they are turned round */
		const struct part *part =
			&parts[macro->is_reversed ? count - 1 - i : i];
		for (size_t k = 0; k < part->len; k++) {
			put_escaped(out, part->at[k], macro->is_escaped);
		}
		if (i + 1 < count) {
			put(out, '.');
		}
	}
}

static bool put_macro(
	struct output *out, const struct spf_values *values, const struct macro *macro)
{
	if (macro->letter) {
		const char *value = values->of(values->context, macro->letter);
		if (value) {
			put_value(out, macro, value);
		}
		return value != NULL;
	}
	if (macro->literal == '-') {
		put(out, '%');
		put(out, '2');
		put(out, '0');
	} else {
		put(out, macro->literal == '_' ? ' ' : '%');
	}
	return true;
}

bool spf_expand(
	const struct spf_values *values, const char *spec, char *text, size_t size)
{
	struct output out = {text, size, 0};
	struct macro macro;
	bool is_known = true;
	for (const char *at = spec; at && *at != '\0';) {
		if (*at != '%') {
			put(&out, *at++);
			continue;
		}
		at = read_macro(at, &macro);
		is_known = at && put_macro(&out, values, &macro) && is_known;
	}
	text[out.len < size ? out.len : size - 1] = '\0';
	return is_known;
}

bool spf_expand_name(
	const struct spf_values *values, const char *spec, char name[RR_NAME_BYTES])
{
	char text[4096]; /* a macro may stand for a whole name, several times over */
	const bool is_known = spf_expand(values, spec, text, sizeof(text));
	const char *start = text;
	size_t len = strlen(text);
	len -= len > 0 && text[len - 1] == '.';
	while (len >= RR_NAME_BYTES) {
		const char *dot = memchr(start, '.', len);
		const size_t gone = dot ? (size_t)(dot - start) + 1 : len;
		start += gone;
		len -= gone;
	}
	memcpy(name, start, len);
	name[len] = '\0';
	return is_known;
}
