/*
 * Name servers that answer anything: flattened and asked one by one, SPF says the same, and all
 * checks of a domain end. A line is a record, its first letter the type; each name gets
 * some of them, always the same. The web server has all of it as its policy.
 */
#include "audit/domain.h"
#include "audit/mtasts_policy.h"
#include "audit/spf_flat.h"
#include "base/text.h"
#include "matrix/load.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char MATRIX[] =
	"schema: 1\n"
	"zones: {internal: [192.0.2.0/24]}\n"
	"groups:\n"
	"  mx-out: {role: outbound, addresses: [198.51.100.0/30]}\n"
	"  mx-in: {role: inbound, addresses: [198.51.100.9, \"2001:db8::9\"]}\n"
	"rows:\n"
	"  - {id: A, from: mx-out, to: internet, protocols: [smtp], tls: optional}\n"
	"  - {id: B, from: internet, to: mx-in, protocols: [smtp], tls: offered}\n";

struct zone {
	struct text lines[LINES_MAX];
	size_t count;
	struct arena arena;
};

static size_t put_name(uint8_t *out, struct text name)
{
	size_t len = 0;
	while (name.len > 0 && len < 300) {
		const uint8_t *dot = memchr(name.at, '.', name.len);
		size_t label = dot ? (size_t)(dot - name.at) : name.len;
		const size_t used = label + (dot ? 1 : 0);
		label = label > 63 ? 63 : label;
		out[len++] = (uint8_t)label;
		memcpy(out + len, name.at, label);
		len += label;
		text_advance(&name, used);
	}
	out[len++] = 0;
	return len;
}

static size_t put_text(uint8_t *out, struct text text)
{
	size_t len = 0;
	while (text.len > 0) {
		const size_t part = text.len > 255 ? 255 : text.len;
		out[len++] = (uint8_t)part;
		memcpy(out + len, text.at, part);
		len += part;
		text_advance(&text, part);
	}
	return len;
}

/* 'X' is taken as it stands, whatever the type. */
static size_t put_data(uint8_t *out, char kind, struct text text)
{
	size_t len = 0;
	switch (kind) {
	case 'T':
		return put_text(out, text);
	case 'M':
		out[len++] = 0;
		out[len++] = 9;
		return len + put_name(out + len, text);
	case 'P':
		return put_name(out, text);
	default:
		memcpy(out, text.at, text.len);
		return text.len;
	}
}

static char kind_of(enum rr_type type)
{
	switch (type) {
	case RR_TYPE_TXT:
		return 'T';
	case RR_TYPE_MX:
		return 'M';
	case RR_TYPE_PTR:
		return 'P';
	case RR_TYPE_A:
		return '4';
	case RR_TYPE_AAAA:
		return '6';
	default:
		return 'X';
	}
}

static void add(struct zone *zone, struct rr_answer *answer, struct text line)
{
	struct rr_data *list = (struct rr_data *)answer->list;
	const struct text rest = {line.at + 1, line.len - 1};
	uint8_t *bytes = malloc(2 * line.len + 400);
	if (!bytes) {
		abort();
	}
	const size_t len = put_data(bytes, (char)line.at[0], rest);
	uint8_t *copy = arena_take(&zone->arena, len + 1);
	memcpy(copy, bytes, len);
	free(bytes);
	if (!list) {
		list = arena_array(&zone->arena, LINES_MAX, sizeof(*list));
		answer->list = list;
	}
	list[answer->count++] = (struct rr_data){copy, len};
	answer->outcome = RR_FOUND;
}

static void ask(
	void *context, const char *name, enum rr_type type, struct rr_answer *answer)
{
	struct zone *zone = context;
	char clean[RR_NAME_BYTES];
	if (zone->count == 0 || !rr_name_clean(clean, name)) {
		return;
	}
	const uint64_t hash = text_hash(text_from(clean));
	const bool is_first = strcmp(clean, "d.example") == 0;
	answer->outcome = RR_NO_DATA;
	answer->is_secure = (hash & 1) != 0;
	for (size_t i = 0; i < zone->count; i++) {
		const struct text line = zone->lines[i];
		const bool is_told =
			(hash >> (i % 60) & 3) == 0 || (is_first && i == 0);
		if (!is_told || line.len == 0) {
			continue;
		}
		if (line.at[0] == 'F') {
			*answer = (struct rr_answer){
				.outcome = RR_FAILED, .why = "no answer in time"};
			return;
		}
		if (line.at[0] == kind_of(type) || line.at[0] == 'X') {
			add(zone, answer, line);
		}
	}
}

static void split(struct zone *zone, const uint8_t *data, size_t size)
{
	struct text rest = {data, size};
	while (rest.len > 0 && zone->count < LINES_MAX) {
		const uint8_t *end = memchr(rest.at, '\n', rest.len);
		const size_t len = end ? (size_t)(end - rest.at) : rest.len;
		zone->lines[zone->count++] = (struct text){rest.at, len};
		text_advance(&rest, len + (end ? 1 : 0));
	}
}

static void fetch(
	void *context, const struct https_request *request, struct https_answer *answer)
{
	const struct text *all = context;
	if (request->address_count == 0) {
		abort();
	}
	*answer = (struct https_answer){.type = "text/plain", .body = *all};
}

/* A copy that ends where it does. */
static void read_policy(const uint8_t *data, size_t size)
{
	struct mtasts_policy policy;
	struct reason why;
	uint8_t *copy = malloc(size + (size == 0));
	if (!copy) {
		abort();
	}
	memcpy(copy, data, size);
	if (mtasts_read((struct text){copy, size}, &policy, &why)) {
		for (size_t i = 0; i < policy.mx_count; i++) {
			(void)mtasts_matches(policy.mx[i].name, "mx.d.example");
		}
	}
	free(copy);
}

static void take_pin(void *context, const struct server_pin *pin)
{
	(void)context;
	if (!server_pin_is_whole(pin)) {
		abort();
	}
}

static bool holds(const struct spf_ranges *ranges, const struct address *address)
{
	for (size_t i = 0; i < ranges->count; i++) {
		if (memcmp(ranges->list[i].first.bytes, address->bytes, 16) <= 0 &&
			memcmp(address->bytes, ranges->list[i].last.bytes, 16) <= 0) {
			return true;
		}
	}
	return false;
}

static void compare(const struct rr_resolver *resolver, const struct spf_flat *flat,
	const char *client)
{
	struct spf_question question = {.resolver = resolver, .domain = "d.example"};
	struct spf_verdict verdict;
	if (!address_parse(client, &question.client)) {
		abort();
	}
	spf_check_host(&question, &verdict);
	if (flat->state == SPF_NEUTRAL && flat->unknown_count == 0 &&
		holds(&flat->passes, &question.client) !=
			(verdict.result == SPF_PASS)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct matrix *matrix;
	static const char *const SELECTORS[] = {"a", "b", "c"};
	struct zone zone = {.count = 0};
	const struct rr_resolver resolver = {ask, &zone};
	struct audit_answers answers = {.count = 0};
	struct matrix_problems problems;
	struct spf_flat flat;
	if (!matrix) {
		const struct matrix_source source = {"made", MATRIX, strlen(MATRIX)};
		matrix = matrix_load_sources(&source, 1, &problems);
	}
	split(&zone, data, size);
	spf_flatten(&resolver, "d.example", &flat);
	compare(&resolver, &flat, "198.51.100.1");
	compare(&resolver, &flat, "2001:db8::1");
	compare(&resolver, &flat, "9.9.9.9");
	spf_flat_free(&flat);
	read_policy(data, size);
	struct text all = {data, size};
	const struct https_fetcher web = {fetch, &all};
	const struct domain_audit audit = {.matrix = matrix,
		.resolver = &resolver,
		.web = &web,
		.pinned = take_pin,
		.has_trust_anchor = true,
		.selectors = SELECTORS,
		.selector_count = 3,
		.answers = &answers};
	audit_domain(&audit, "d.example");
	FILE *out = fopen("/dev/null", "we");
	if (!out || answers.count == 0) {
		abort();
	}
	audit_print_text(&answers, out);
	audit_print_json(&answers, out);
	(void)fclose(out);
	audit_answers_free(&answers);
	arena_free(&zone.arena);
	return 0;
}
