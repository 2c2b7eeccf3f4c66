#include "interchange/sheet_services.h"

#include "classify/protocol.h"
#include "interchange/sheet_heads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEM_BYTES 512
#define ITEM_PORTS 32

/* Other names than protocol_name's, folded. */
static const struct {
	const char *name;
	uint32_t protocols;
} NAMES[] = {
	{"all", PROTOCOL_BITS_OF_MAIL},
	{"esmtp", PROTOCOL_BIT(PROTOCOL_SMTP)},
	{"smtp starttls", PROTOCOL_BIT(PROTOCOL_SMTP)},
	{"smtp ssl", PROTOCOL_BIT(PROTOCOL_SMTPS)},
	{"smtp s", PROTOCOL_BIT(PROTOCOL_SMTPS)},
	{"msa", PROTOCOL_BIT(PROTOCOL_SUBMISSION)},
	{"soumission", PROTOCOL_BIT(PROTOCOL_SUBMISSION)},
	{"imap4", PROTOCOL_BIT(PROTOCOL_IMAP)},
	{"imap starttls", PROTOCOL_BIT(PROTOCOL_IMAP)},
	{"imap4s", PROTOCOL_BIT(PROTOCOL_IMAPS)},
	{"imap ssl", PROTOCOL_BIT(PROTOCOL_IMAPS)},
	{"imap s", PROTOCOL_BIT(PROTOCOL_IMAPS)},
	{"pop", PROTOCOL_BIT(PROTOCOL_POP3)},
	{"pops", PROTOCOL_BIT(PROTOCOL_POP3S)},
	{"pop3 ssl", PROTOCOL_BIT(PROTOCOL_POP3S)},
	{"managesieve", PROTOCOL_BIT(PROTOCOL_SIEVE)},
	{"rpc over http", PROTOCOL_BIT(PROTOCOL_OUTLOOK_ANYWHERE)},
	{"activesync", PROTOCOL_BIT(PROTOCOL_EAS)},
	{"exchange activesync", PROTOCOL_BIT(PROTOCOL_EAS)},
	{"exchange web services", PROTOCOL_BIT(PROTOCOL_EWS)},
};

/* Say nothing of what is asked for. */
static const char NOISE[] = "|tcp|ip|tcpip|port|ports|sur|on|protocole|protocol|";
static const char NOTHING[] = "||none|aucun|aucune|neant|non|no|n a|na|nc|sans objet|";

static bool is_among(const char *list, const char *word)
{
	char sought[ITEM_BYTES];
	(void)snprintf(sought, sizeof(sought), "|%.500s|", word);
	return strstr(list, sought) != NULL;
}

/* 0: no protocol of mail has this name. */
static uint32_t protocols_of(const char *folded)
{
	char name[64];
	(void)snprintf(name, sizeof(name), "%.63s", folded);
	for (char *at = name; *at != '\0'; at++) {
		if (*at == ' ') {
			*at = '-';
		}
	}
	const enum protocol protocol = protocol_by_name(name);
	if (protocol != PROTOCOL_UNKNOWN && protocol < PROTOCOL_ATTEMPT) {
		return PROTOCOL_BIT(protocol);
	}
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		if (strcmp(NAMES[i].name, folded) == 0) {
			return NAMES[i].protocols;
		}
	}
	return 0;
}

/* One thing that a cell asks for. */
struct item {
	char name[ITEM_BYTES]; /* folded words that are neither port nor noise */
	char ports[ITEM_PORTS][16];
	size_t port_count;
	uint32_t protocols;
	bool is_udp;
	bool is_tcp;
	bool is_odd; /* too much in it */
};

static bool is_port(const char *word)
{
	const size_t len = strlen(word);
	const size_t first = strspn(word, "0123456789");
	const size_t last =
		word[first] == '-' ? strspn(word + first + 1, "0123456789") : 0;
	return first > 0 && first <= 5 && last <= 5 &&
	       len == first + (word[first] == '-' ? 1 + last : 0) &&
	       (word[first] == '\0' || last > 0);
}

static void take_word(struct item *item, const char *word)
{
	char folded[ITEM_BYTES];
	if (is_port(word)) {
		item->is_odd = item->is_odd || item->port_count == ITEM_PORTS;
		if (!item->is_odd) {
			(void)snprintf(item->ports[item->port_count++], 16, "%s", word);
		}
		return;
	}
	sheet_fold(word, folded, sizeof(folded));
	item->is_udp = item->is_udp || strcmp(folded, "udp") == 0;
	item->is_tcp = item->is_tcp || strcmp(folded, "tcp") == 0;
	if (folded[0] != '\0' && !is_among(NOISE, folded)) {
		const size_t used = strlen(item->name);
		(void)snprintf(item->name + used, sizeof(item->name) - used, "%s%s",
			used ? " " : "", folded);
	}
}

static void take_words(struct item *item, const char *text, size_t len)
{
	char copy[ITEM_BYTES];
	char *rest = copy;
	item->is_odd = item->is_odd || len >= sizeof(copy);
	(void)snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
	for (char *word; (word = strsep(&rest, " \t\n:/,;()")) != NULL;) {
		take_word(item, word);
	}
}

/* What stands in brackets between two commas. */
enum bracket { BRACKET_REMARK = 0, BRACKET_PORTS, BRACKET_UNCLEAR };

/* Ports and noise; a remark without a number, or with an amount: "268 MB". */
static enum bracket bracket_of(const char *text)
{
	static const char AMOUNTS[] = "|mo|mb|go|gb|ko|kb|to|tb|mib|gib|";
	static const char JOINTS[] = "|ou|et|or|and|";
	char folded[ITEM_BYTES];
	char copy[ITEM_BYTES];
	char *rest = copy;
	bool has_port = false;
	bool has_word = false;
	bool is_amount = false;
	(void)snprintf(copy, sizeof(copy), "%s", text);
	for (char *word; (word = strsep(&rest, " \t\n:/")) != NULL;) {
		sheet_fold(word, folded, sizeof(folded));
		has_port = has_port || is_port(word);
		is_amount = is_amount || is_among(AMOUNTS, folded);
		has_word = has_word || (!is_port(word) && folded[0] != '\0' &&
					       !is_among(NOISE, folded) &&
					       !is_among(JOINTS, folded));
	}
	if (!has_port || is_amount) {
		return BRACKET_REMARK;
	}
	return has_word ? BRACKET_UNCLEAR : BRACKET_PORTS;
}

/* Of words that are ports and noise, the ports. */
static void take_ports(struct item *item, char *text)
{
	for (char *word; (word = strsep(&text, " \t\n:/")) != NULL;) {
		if (is_port(word)) {
			take_word(item, word);
		}
	}
}

static void take_bracket(struct item *item, const char *text, size_t len)
{
	char copy[ITEM_BYTES];
	char *rest = copy;
	(void)snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
	for (char *part; (part = strsep(&rest, ",;")) != NULL;) {
		const enum bracket bracket = bracket_of(part);
		item->is_odd = item->is_odd || bracket == BRACKET_UNCLEAR;
		if (bracket == BRACKET_PORTS) {
			take_ports(item, part);
		}
	}
}

static void item_read(struct item *item, const char *text, size_t len)
{
	*item = (struct item){.port_count = 0};
	const char *end = text + len;
	while (text < end) {
		const char *open = memchr(text, '(', (size_t)(end - text));
		const char *close =
			open ? memchr(open, ')', (size_t)(end - open)) : NULL;
		take_words(item, text, (size_t)((close ? open : end) - text));
		if (!close) {
			break;
		}
		take_bracket(item, open + 1, (size_t)(close - open - 1));
		text = close + 1;
	}
}

/* The whole name, or each word of it by itself: "IMAP/IMAPS". */
static void item_name(struct item *item)
{
	char copy[ITEM_BYTES];
	char *rest = copy;
	item->protocols = protocols_of(item->name);
	(void)snprintf(copy, sizeof(copy), "%s", item->name);
	uint32_t all = 0;
	for (char *word; !item->protocols && (word = strsep(&rest, " ")) != NULL;) {
		const uint32_t one = protocols_of(word);
		if (one == 0) {
			return;
		}
		all |= one;
	}
	item->protocols |= all;
}

static bool is_family_of(enum protocol protocol, uint32_t protocols)
{
	for (uint32_t left = protocols; left; left &= left - 1) {
		const enum protocol other = (enum protocol)__builtin_ctz(left);
		if (protocol_row(other)->family == protocol_row(protocol)->family) {
			return protocol != PROTOCOL_UNKNOWN;
		}
	}
	return false;
}

/* Those of protocols that own the port. */
static uint32_t owners_of(uint16_t port, uint32_t protocols)
{
	uint32_t owners = 0;
	for (uint32_t left = protocols; left; left &= left - 1) {
		const enum protocol protocol = (enum protocol)__builtin_ctz(left);
		owners |=
			protocol_owns_port(protocol, port) ? PROTOCOL_BIT(protocol) : 0;
	}
	return owners;
}

/* What this port means to who named these protocols (0: none); 0: nothing of its own. */
static uint32_t protocols_on(const char *port, uint32_t protocols)
{
	const unsigned long number = strtoul(port, NULL, 10);
	if (strchr(port, '-') || number == 0 || number > 65535) {
		return 0;
	}
	const uint32_t owners = owners_of((uint16_t)number, protocols);
	const enum protocol named = protocol_of_port((uint16_t)number);
	if (owners != 0 || named == PROTOCOL_UNKNOWN ||
		(protocols != 0 && !is_family_of(named, protocols))) {
		return owners;
	}
	return PROTOCOL_BIT(named);
}

static void add_part(
	struct sheet_services *services, uint32_t protocols, const char *ports)
{
	for (size_t i = 0; i < services->count; i++) {
		if (strcmp(services->parts[i].ports, ports) == 0) {
			services->parts[i].protocols |= protocols;
			return;
		}
	}
	if (services->count == SHEET_PARTS_MAX) {
		services->is_cut = true;
		return;
	}
	struct sheet_service *part = &services->parts[services->count++];
	part->protocols = protocols;
	(void)snprintf(part->ports, sizeof(part->ports), "%s", ports);
}

static void put_apart(struct sheet_services *services, const char *text, size_t len)
{
	const size_t used = strlen(services->apart);
	while (len > 0 && strchr(" \n", *text)) {
		text++;
		len--;
	}
	while (len > 0 && strchr(" \n", text[len - 1])) {
		len--;
	}
	const int wrote =
		snprintf(services->apart + used, sizeof(services->apart) - used,
			"%s%.*s", used ? ", " : "", (int)len, text);
	services->is_cut =
		services->is_cut || (size_t)wrote >= sizeof(services->apart) - used;
}

static void add_item(struct sheet_services *services, struct item *item)
{
	uint32_t own = 0;
	char ports[SHEET_PORTS_BYTES] = "";
	bool is_own = true;
	for (size_t i = 0; i < item->port_count; i++) { /* ITEM_PORTS */
		const uint32_t here = protocols_on(item->ports[i], item->protocols);
		const size_t used = strlen(ports);
		own |= here;
		is_own = is_own && here != 0;
		(void)snprintf(ports + used, sizeof(ports) - used, "%s%s",
			used ? "," : "", item->ports[i]);
	}
	if (item->port_count == 0) {
		add_part(services, item->protocols, "");
	} else if (is_own) {
		add_part(services, own, "");
	} else {
		add_part(services, item->protocols, ports);
	}
}

/* Ports without a name: those that name no mail are apart. */
static void add_ports(struct sheet_services *services, const struct item *item)
{
	for (size_t i = 0; i < item->port_count; i++) { /* ITEM_PORTS */
		const uint32_t named = protocols_on(item->ports[i], 0);
		if (named) {
			add_part(services, named, "");
		} else {
			put_apart(services, item->ports[i], strlen(item->ports[i]));
		}
	}
}

/* "SMTP (interdit)", "!25", "> 25": it is not what it names that is asked for. */
static bool is_negated(const char *text)
{
	static const char WORDS[] =
		"|not|sauf|except|excepte|but|interdit|interdite|interdits|interdites|"
		"bloque|bloquee|bloques|deny|denied|refuse|refusee|forbidden|blocked|";
	char folded[ITEM_BYTES];
	char *rest = folded;
	sheet_fold(text, folded, sizeof(folded));
	for (char *word; (word = strsep(&rest, " ")) != NULL;) {
		if (word[0] != '\0' && is_among(WORDS, word)) {
			return true;
		}
	}
	return strpbrk(text, "!<>") || strstr(text, "≠") || strstr(text, "≥") ||
	       strstr(text, "≤");
}

/* column: the ports beside it, or "". */
static void read_item(struct sheet_services *services, const char *text, size_t len,
	const char *column)
{
	struct item item;
	char folded[ITEM_BYTES];
	char copy[ITEM_BYTES];
	(void)snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
	sheet_fold(copy, folded, sizeof(folded));
	if (folded[0] == '\0') {
		return;
	}
	item_read(&item, text, len);
	item_name(&item);
	const bool is_bare = item.port_count == 0;
	if (is_bare) {
		take_words(&item, column, strlen(column));
	}
	const bool is_unclear = item.is_odd || is_negated(copy) || is_negated(column) ||
				(item.is_udp && !item.is_tcp) ||
				(item.name[0] != '\0' && item.protocols == 0) ||
				(item.protocols == 0 && item.port_count == 0);
	/* "tcp/ip (5432)" is told as it was written, not as 5432 */
	const bool is_foreign = item.protocols == 0 && !is_bare &&
				item.port_count == 1 && !protocols_on(item.ports[0], 0);
	if (is_unclear || is_foreign) {
		put_apart(services, text, len);
	} else if (item.protocols == 0) {
		add_ports(services, &item);
	} else {
		add_item(services, &item);
	}
}

/* The length of the separator at text, or 0. */
static size_t separator_at(const char *start, const char *text)
{
	static const char *const WORDS[] = {"ou", "et", "or", "and", "OU", "ET"};
	if (strchr(",;+&|\n", *text)) {
		return 1;
	}
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
		const size_t len = strlen(WORDS[i]);
		if (text > start && strchr(" )\n", text[-1]) &&
			strncmp(text, WORDS[i], len) == 0 &&
			(text[len] == ' ' || text[len] == '\n')) {
			return len;
		}
	}
	return 0;
}

static void read_items(
	struct sheet_services *services, const char *text, const char *column)
{
	const char *start = text;
	unsigned depth = 0;
	for (const char *at = text; *at != '\0'; at++) {
		depth += *at == '(';
		depth -= *at == ')' && depth > 0;
		const size_t len = depth == 0 ? separator_at(start, at) : 0;
		if (len > 0) {
			read_item(services, start, (size_t)(at - start), column);
			start = at + len;
			at = start - 1;
		}
	}
	read_item(services, start, strlen(start), column);
}

/* Ports as a matrix has them, without blanks. */
static void literal_ports(const char *text, char *ports, size_t size)
{
	size_t used = 0;
	bool is_gap = false;
	for (; *text != '\0' && used + 2 < size; text++) {
		if (strchr(" \t\n,;/", *text)) {
			is_gap = used > 0;
			continue;
		}
		if (is_gap) {
			ports[used++] = ',';
			is_gap = false;
		}
		ports[used++] = *text;
	}
	ports[used] = '\0';
}

static uint32_t protocols_in(const struct sheet_services *services)
{
	uint32_t all = 0;
	for (size_t i = 0; i < services->count; i++) {
		all |= services->parts[i].protocols;
	}
	return all;
}

/* All of these on these ports, whatever they own. */
static void make_literal(struct sheet_services *services, const char *ports)
{
	const uint32_t protocols = protocols_in(services);
	char list[SHEET_PORTS_BYTES];
	literal_ports(ports, list, sizeof(list));
	services->is_cut = services->is_cut || strlen(ports) >= sizeof(list);
	services->count = 0;
	if (protocols != 0) {
		add_part(services, protocols, list);
	}
}

static bool is_nothing(const char *text)
{
	char folded[ITEM_BYTES];
	sheet_fold(text, folded, sizeof(folded));
	return is_among(NOTHING, folded);
}

bool sheet_services_read(
	const char *protocols, const char *ports, struct sheet_services *services)
{
	*services = (struct sheet_services){.count = 0};
	const char *at = strrchr(protocols, '@');
	ports = is_nothing(ports) ? "" : ports;
	if (is_nothing(protocols)) {
		if (ports[0] != '\0') {
			read_items(services, ports, "");
		}
		return ports[0] != '\0';
	}
	if (at) {
		char names[ITEM_BYTES];
		(void)snprintf(
			names, sizeof(names), "%.*s", (int)(at - protocols), protocols);
		read_items(services, names, "");
		make_literal(services, at + 1);
		return true;
	}
	/* what names its own ports beside itself means those of the column besides */
	const bool is_literal = strchr(protocols, '(') != NULL ||
				strcmp(protocols, "all") == 0 ||
				strcmp(ports, "all") == 0;
	read_items(services, protocols, is_literal ? "" : ports);
	if (ports[0] != '\0' && is_literal) {
		make_literal(services, ports);
	}
	return true;
}

static void append(char *text, size_t size, const char *more)
{
	const size_t used = strlen(text);
	(void)snprintf(text + used, size - used, "%s", more);
}

void sheet_services_write(
	uint32_t protocols, const char *ports, char *text, size_t size)
{
	char one[64];
	text[0] = '\0';
	if (protocols == PROTOCOL_BITS_OF_MAIL) {
		append(text, size, "all");
		protocols = 0;
	}
	for (; protocols; protocols &= protocols - 1) {
		const enum protocol protocol = (enum protocol)__builtin_ctz(protocols);
		const uint16_t port = protocol_row(protocol)->ports[0];
		(void)snprintf(one, sizeof(one), port ? "%s%s (%u)" : "%s%s",
			text[0] ? ", " : "", protocol_name(protocol), port);
		append(text, size, one);
	}
	if (ports) {
		append(text, size, " @ ");
		append(text, size, ports);
	}
}
