#include "judge/names.h"

#include "analyze/dns.h"
#include "base/pool.h"
#include "base/quota.h"
#include "base/utf8.h"
#include "judge/ends.h"

#include <stdlib.h>
#include <string.h>

#define US_PER_S UINT64_C(1000000)

enum {
	QUERIES = 8192, /* under way at once, in sets */
	QUERY_WAYS = 4,
	HOST_SETS = 1024,
	HOST_WAYS = 8, /* names of addresses in a set */
	LEADS = 1024,
	LEAD_WAYS = 4,
	LESSONS = 16, /* told between two packets; those of one answer have room */
	ALIASES_MAX = 8,
	ASKED_EACH = 512, /* queries a second that are remembered, of one host */
	ASKED_ALL = 8192,
};

#define ANSWER_US (10 * US_PER_S) /* resolvers give up earlier */
/* Who asked just before the end is still on his way: several addresses, slow to answer. */
#define SLACK_US (30 * US_PER_S)
#define TTL_MAX_S \
	86400 /* RFC 8767 section 4 has a cap of days; what is older may be wrong */

struct query {
	uint64_t key; /* hash of all that the answer must have; 0: none */
	uint64_t asked_us;
};

struct host_name {
	struct address address;
	struct address asker;
	uint32_t way;
	uint64_t learned_us;
	char name[NAMES_TEXT_BYTES];
};

/*
 * What is asked of all comes first, in two lines of the cache: whoever looks reads but the
 * one name that he wants.
 */
struct host_set {
	uint32_t tags[HOST_WAYS]; /* of address and way in; 0: free */
	bool is_declared[HOST_WAYS];
	uint64_t expires_us[HOST_WAYS];
	struct host_name names[HOST_WAYS];
};

/* Where a declared name leads by CNAME or MX. */
struct lead {
	uint64_t key; /* of the name it leads to, and of the way in; 0: free */
	uint64_t expires_us;
	char declared[NAMES_TEXT_BYTES];
};

struct names {
	struct hash_seed seed;
	struct quota asking;
	struct names_counters counters;
	struct query queries[QUERIES];
	struct host_set hosts[HOST_SETS];
	struct lead leads[LEADS];
	struct names_lesson lessons[LESSONS];
	unsigned lesson_count;
	bool has_leads;
};

struct names *names_new(struct hash_seed seed, struct reason *why)
{
	struct names *names = pool_pages(sizeof(*names));
	if (!names) {
		(void)reason_set(why, "no memory for names of hosts");
		return NULL;
	}
	names->seed = seed;
	names->asking = (struct quota){.each = ASKED_EACH, .all = ASKED_ALL};
	return names;
}

void names_free(struct names *names)
{
	pool_pages_free(names, sizeof(*names));
}

const struct names_counters *names_counters(const struct names *names)
{
	return &names->counters;
}

/* Never 0, which is a free slot. */
static uint64_t hash_of(const struct names *names, const uint64_t *words, size_t count)
{
	return hash_words(&names->seed, words, count) | 1;
}

static uint64_t hash_host(
	const struct names *names, const struct address *address, uint32_t way)
{
	uint64_t words[3] = {[2] = way};
	memcpy(words, address->bytes, sizeof(address->bytes));
	return hash_of(names, words, 3);
}

static size_t set_of(uint64_t key)
{
	return key >> 32 & (HOST_SETS - 1);
}

/* Never 0; two hosts may have the same one. */
static uint32_t tag_of(uint64_t key)
{
	return (uint32_t)key;
}

static uint64_t hash_name(const struct names *names, const char *name, uint64_t with)
{
	uint64_t words[1 + DNS_HOST_BYTES / sizeof(uint64_t)];
	const size_t len = strlen(name); /* below DNS_HOST_BYTES */
	const size_t count = 1 + (len + sizeof(*words) - 1) / sizeof(*words);
	words[count - 1] = 0; /* behind the name's end */
	words[0] = with;
	memcpy(words + 1, name, len);
	return hash_of(names, words, count);
}

/* All that makes an answer the one to a query. */
static uint64_t hash_query(const struct names *names,
	const struct names_exchange *exchange, const struct dns_asked *asked)
{
	uint64_t words[6 + DNS_HOST_BYTES / sizeof(uint64_t)];
	const size_t len = strlen(asked->name); /* below DNS_HOST_BYTES */
	const size_t count = 6 + (len + sizeof(*words) - 1) / sizeof(*words);
	words[count - 1] = 0; /* behind the name's end */
	memcpy(words, exchange->client.bytes, 16);
	memcpy(words + 2, exchange->server.bytes, 16);
	words[4] = (uint64_t)exchange->client_port << 48 |
		   (uint64_t)exchange->server_port << 32 | exchange->way;
	words[5] = (uint64_t)asked->id << 32 | (uint64_t)asked->type << 16 |
		   (uint64_t)asked->is_iterative;
	memcpy(words + 6, asked->name, len);
	return hash_of(names, words, count);
}

/* A set of slots; it has QUERY_WAYS. */
static struct query *queries_of(struct names *names, uint64_t key)
{
	const size_t set = key >> 32 & (QUERIES / QUERY_WAYS - 1);
	return &names->queries[set * QUERY_WAYS];
}

/* In place of the one that waits longest. */
static void note_query(
	struct names *names, const struct names_exchange *exchange, uint64_t key)
{
	const uint64_t holder = hash_host(names, &exchange->client, exchange->way);
	struct query *set = queries_of(names, key);
	struct query *place = set;
	quota_begin(&names->asking, (uint8_t)(holder >> 8), exchange->now_us);
	if (!quota_take(&names->asking)) {
		names->counters.refused++;
		return;
	}
	for (struct query *at = set; at < set + QUERY_WAYS; at++) {
		if (at->key == key) {
			place = at;
			break;
		}
		if (place->key != 0 &&
			(at->key == 0 || at->asked_us < place->asked_us)) {
			place = at;
		}
	}
	*place = (struct query){key, exchange->now_us};
}

/* Once for each query: the second of two answers is nobody's. */
static bool was_asked(struct names *names, uint64_t key, uint64_t now_us)
{
	struct query *set = queries_of(names, key);
	for (struct query *at = set; at < set + QUERY_WAYS; at++) {
		if (at->key == key) {
			at->key = 0;
			return now_us - at->asked_us <= ANSWER_US;
		}
	}
	return false;
}

static bool is_resolver(const struct matrix_end *end)
{
	return judge_role(end) == MATRIX_ROLE_RESOLVER;
}

/* Whose word counts; a server that its client may have chosen is no witness. */
static bool is_believed(
	const struct matrix *matrix, const struct names_exchange *exchange)
{
	const struct matrix_end server = matrix_locate(matrix, &exchange->server);
	if (!matrix_has_resolvers(matrix)) {
		return !judge_is_internet(&server);
	}
	const struct matrix_end client = matrix_locate(matrix, &exchange->client);
	return is_resolver(&server) || is_resolver(&client);
}

static bool is_same(const struct host_name *at, const struct names_lesson *lesson)
{
	return at->way == lesson->way &&
	       address_equal(&at->address, &lesson->address) &&
	       strcmp(at->name, lesson->name) == 0;
}

/* How little is lost with it: over, then not declared; of equals what ends first goes. */
static unsigned worth(const struct host_set *set, unsigned at, uint64_t now_us)
{
	if (set->tags[at] == 0 || set->expires_us[at] + SLACK_US < now_us) {
		return 0;
	}
	return set->is_declared[at] ? 2 : 1;
}

/* Where it is already, or HOST_WAYS. */
static unsigned place_of(
	const struct host_set *set, uint32_t tag, const struct names_lesson *lesson)
{
	unsigned at = 0;
	while (at < HOST_WAYS &&
		(set->tags[at] != tag || !is_same(&set->names[at], lesson))) {
		at++;
	}
	return at;
}

/* The slot that is given up for it, or HOST_WAYS: all hold what is worth more. */
static unsigned place_for(
	const struct host_set *set, const struct names_lesson *lesson, bool is_declared)
{
	const uint64_t now_us = lesson->learned_us;
	unsigned place = 0;
	unsigned least_worth = worth(set, 0, now_us);
	for (unsigned at = 1; at < HOST_WAYS && least_worth > 0; at++) {
		const unsigned this_worth = worth(set, at, now_us);
		if (this_worth < least_worth ||
			(this_worth == least_worth &&
				set->expires_us[at] < set->expires_us[place])) {
			place = at;
			least_worth = this_worth;
		}
	}
	return least_worth == 2 && !is_declared ? HOST_WAYS : place;
}

static void keep(struct names *names, uint64_t key, const struct names_lesson *lesson,
	bool is_declared)
{
	struct host_set *set = &names->hosts[set_of(key)];
	unsigned at = place_of(set, tag_of(key), lesson);
	if (at == HOST_WAYS) {
		at = place_for(set, lesson, is_declared);
	}
	if (at == HOST_WAYS) {
		return;
	}
	struct host_name *name = &set->names[at];
	name->address = lesson->address;
	name->asker = lesson->asker;
	name->way = lesson->way;
	name->learned_us = lesson->learned_us;
	memcpy(name->name, lesson->name, strlen(lesson->name) + 1);
	set->tags[at] = tag_of(key);
	set->expires_us[at] = lesson->expires_us;
	set->is_declared[at] = is_declared;
}

static struct lead *leads_of(struct names *names, uint64_t key)
{
	const size_t set = key >> 32 & (LEADS / LEAD_WAYS - 1);
	return &names->leads[set * LEAD_WAYS];
}

/* In place of the same one, or of the one that ends first. */
static void keep_lead(struct names *names, const struct names_lesson *lesson)
{
	struct lead *set = leads_of(names, lesson->lead);
	struct lead *place = set;
	for (struct lead *at = set; at < set + LEAD_WAYS; at++) {
		if (at->key == lesson->lead) {
			place = at;
			break;
		}
		if (at->expires_us < place->expires_us) {
			place = at;
		}
	}
	names->has_leads = true;
	*place = (struct lead){.key = lesson->lead, .expires_us = lesson->expires_us};
	memcpy(place->declared, lesson->name, sizeof(place->declared));
}

void names_learn(struct names *names, const struct names_lesson *lesson)
{
	if (lesson->lead != 0) {
		keep_lead(names, lesson);
	} else {
		keep(names, hash_host(names, &lesson->address, lesson->way), lesson,
			lesson->is_declared != 0);
	}
}

/* For others: what is on the wire alone. */
static void tell(struct names *names, const struct names_lesson *lesson)
{
	if (lesson->way == 0 && names->lesson_count < LESSONS) {
		names->lessons[names->lesson_count++] = *lesson;
	}
}

/* As analysis leaves a name. */
static bool is_shown(const char *name)
{
	size_t len = 0;
	for (; *name != '\0'; name += len) { /* DNS_HOST_BYTES at most */
		uint32_t code;
		len = utf8_read(name, &code);
		if (len == 0 || utf8_is_control(code) ||
			(len == 1 && *name != '.' && *name != '?' &&
				*name != dns_letter((uint8_t)*name))) {
			return false;
		}
	}
	return true;
}

bool names_lesson_is_sound(const struct names_lesson *lesson)
{
	const size_t len = strnlen(lesson->name, sizeof(lesson->name));
	return len > 0 && len < sizeof(lesson->name) && is_shown(lesson->name) &&
	       lesson->way == 0 && lesson->is_declared <= 1 &&
	       lesson->expires_us >= lesson->learned_us &&
	       lesson->expires_us - lesson->learned_us <= TTL_MAX_S * US_PER_S;
}

bool names_next_lesson(struct names *names, struct names_lesson *lesson)
{
	if (names->lesson_count == 0) {
		return false;
	}
	*lesson = names->lessons[--names->lesson_count];
	return true;
}

/* One answer on its way into the tables. */
struct answer {
	struct names *names;
	const struct matrix *matrix;
	const struct names_exchange *exchange;
	struct dns_asked *asked;
	struct dns_records records; /* at the first */
	/* the declared name that led here, of the question or before it; or NULL */
	const char *declared;
	char declared_text[NAMES_TEXT_BYTES];
	bool is_asked_declared;
	char here[DNS_HOST_BYTES]; /* where the chain stands */
	uint32_t ttl_s;            /* the least so far */
};

static void set_declared(struct answer *answer, const char *name)
{
	const size_t len = strlen(name);
	if (len < sizeof(answer->declared_text)) {
		memcpy(answer->declared_text, name, len + 1);
		answer->declared = answer->declared_text;
	}
}

/* An answer before this one led from a declared name to this one. */
static void recall_lead(struct answer *answer)
{
	if (!answer->names->has_leads) {
		return;
	}
	const uint64_t now_us = answer->exchange->now_us;
	const uint64_t key =
		hash_name(answer->names, answer->asked->name, answer->exchange->way);
	const struct lead *set = leads_of(answer->names, key);
	for (const struct lead *at = set; at < set + LEAD_WAYS; at++) {
		if (at->key == key && at->expires_us + SLACK_US >= now_us &&
			matrix_group_of_host(answer->matrix, at->declared)) {
			set_declared(answer, at->declared);
			return;
		}
	}
}

static void note_lead(struct answer *answer, const char *target, uint32_t ttl_s)
{
	const struct names_exchange *exchange = answer->exchange;
	struct names_lesson lesson;
	memset(&lesson, 0, sizeof(lesson)); /* whole: it leaves the process */
	lesson.lead = hash_name(answer->names, target, exchange->way);
	lesson.way = exchange->way;
	lesson.is_declared = true;
	lesson.learned_us = exchange->now_us;
	lesson.expires_us = exchange->now_us + ttl_s * US_PER_S;
	memcpy(lesson.name, answer->declared_text, sizeof(lesson.name));
	keep_lead(answer->names, &lesson);
	tell(answer->names, &lesson);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void learn_name(const struct answer *answer, const struct dns_record *record,
	const char *name, bool is_declared)
{
	struct names *names = answer->names;
	const struct names_exchange *exchange = answer->exchange;
	const uint64_t key = hash_host(names, &record->address, exchange->way);
	__builtin_prefetch(&names->hosts[set_of(key)], 1);
	__builtin_prefetch(&names->hosts[set_of(key)].expires_us[HOST_WAYS - 1], 1);
	const uint32_t ttl_s = least(answer->ttl_s, record->ttl_s);
	struct names_lesson lesson;
	memset(&lesson, 0, sizeof(lesson)); /* whole: it leaves the process */
	lesson.address = record->address;
	lesson.asker = exchange->client;
	lesson.learned_us = exchange->now_us;
	lesson.expires_us = exchange->now_us + ttl_s * US_PER_S;
	lesson.way = exchange->way;
	const size_t len = strlen(name);
	if (len == 0 || len >= sizeof(lesson.name)) {
		return;
	}
	memcpy(lesson.name, name, len);
	lesson.is_declared = is_declared;
	keep(names, key, &lesson, is_declared);
	tell(names, &lesson);
}

/* An address is known by the name that was asked for, and by the declared one. */
static void learn_address(const struct answer *answer, const struct dns_record *record)
{
	learn_name(answer, record, answer->asked->name, answer->is_asked_declared);
	if (answer->declared && strcmp(answer->declared, answer->asked->name) != 0) {
		learn_name(answer, record, answer->declared, true);
	}
}

/* One step of the chain: here is another name's alias. False: it ends. */
static bool follow_alias(struct answer *answer)
{
	struct dns_records records = answer->records;
	struct dns_record record;
	while (dns_next_record(&records, &record)) {
		if (strcmp(record.owner, answer->here) != 0) {
			continue;
		}
		if (record.type != DNS_TYPE_CNAME) {
			return false; /* RFC 1034 section 3.6.2: what has data has no alias */
		}
		answer->ttl_s = least(answer->ttl_s, record.ttl_s);
		if (answer->declared) {
			note_lead(answer, record.target, answer->ttl_s);
		}
		if (answer->asked->is_iterative) {
			return false; /* what it says of another zone may be wrong */
		}
		memcpy(answer->here, record.target, sizeof(answer->here));
		if (!answer->declared &&
			matrix_group_of_host(answer->matrix, answer->here)) {
			set_declared(answer, answer->here);
		}
		return true;
	}
	return false;
}

static void learn_records(struct answer *answer)
{
	struct dns_record record;
	while (dns_next_record(&answer->records, &record)) { /* DNS_RECORDS_MAX */
		if (strcmp(record.owner, answer->here) != 0) {
			continue;
		}
		if (record.type == DNS_TYPE_A || record.type == DNS_TYPE_AAAA) {
			learn_address(answer, &record);
		} else if (record.type == DNS_TYPE_MX && answer->declared) {
			note_lead(answer, record.target,
				least(answer->ttl_s, record.ttl_s));
		}
	}
}

static void take_answer(struct answer *answer)
{
	memcpy(answer->here, answer->asked->name, sizeof(answer->here));
	if (matrix_group_of_host(answer->matrix, answer->here)) {
		answer->is_asked_declared = true;
		set_declared(answer, answer->here);
	} else {
		recall_lead(answer);
	}
	unsigned aliases = 0;
	while (aliases < ALIASES_MAX && follow_alias(answer)) {
		aliases++;
	}
	learn_records(answer);
}

void names_take(struct names *names, const struct matrix *matrix,
	const struct names_exchange *exchange, struct text message)
{
	struct dns_asked asked;
	struct dns_records records;
	if (!dns_read_asked(message, &asked, &records)) {
		return;
	}
	const uint64_t key = hash_query(names, exchange, &asked);
	__builtin_prefetch(queries_of(names, key), 1);
	if (!asked.is_answer) {
		note_query(names, exchange, key);
		return;
	}
	/* first: the memory of the query is on its way meanwhile */
	const bool is_true = is_believed(matrix, exchange);
	if (!was_asked(names, key, exchange->now_us)) {
		names->counters.unasked++;
	} else if (!is_true) {
		names->counters.not_believed++;
	} else {
		names->counters.answers++;
		struct answer answer = {.names = names,
			.matrix = matrix,
			.exchange = exchange,
			.asked = &asked,
			.records = records,
			.ttl_s = TTL_MAX_S};
		take_answer(&answer);
	}
}

static bool holds(const struct host_set *set, unsigned at, uint32_t tag,
	const struct names_wanted *wanted)
{
	const struct host_name *name = &set->names[at];
	return set->tags[at] == tag &&
	       set->expires_us[at] + SLACK_US >= wanted->start_us &&
	       name->learned_us <= wanted->now_us && name->way == wanted->way &&
	       address_equal(&name->address, &wanted->host);
}

void names_of_host(const struct names *names, const struct names_wanted *wanted,
	struct host_names *known)
{
	const uint64_t key = hash_host(names, &wanted->host, wanted->way);
	const struct host_set *set = &names->hosts[set_of(key)];
	*known = (struct host_names){.count = 0};
	for (unsigned i = 0; i < 2 * HOST_WAYS; i++) { /* the declared ones first */
		const unsigned at = i % HOST_WAYS;
		if (set->is_declared[at] != (i < HOST_WAYS) ||
			known->count == NAMES_OF_HOST ||
			!holds(set, at, tag_of(key), wanted)) {
			continue;
		}
		const struct host_name *name = &set->names[at];
		if (address_equal(&name->asker, &wanted->peer)) {
			known->asked |= (uint8_t)(1U << known->count);
		}
		known->text[known->count++] = name->name;
	}
}
