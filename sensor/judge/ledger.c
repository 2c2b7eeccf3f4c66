#include "judge/ledger.h"

#include "base/age_list.h"
#include "base/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

#define HOLDERS 64 /* those who teach, by address; those that hash alike together */

/* What an entry is worth: one gives way for none that is worth less. */
enum worth {
	WORTH_ANY = 0,
	WORTH_KNOWN_CLIENT, /* taught by a client that the matrix declares */
	WORTH_DECLARED,     /* a server that it declares */
	WORTH_COUNT
};

struct entry {
	struct ledger_server server;
	uint32_t next_in_bucket;
	struct age_link age;   /* since its last use; on the list of its worth */
	struct age_link share; /* the same; on the list of its holder there */
	uint8_t worth;         /* enum worth */
	uint8_t holder;        /* who taught it first */
};

struct held {
	struct age_list ages;
	uint32_t count;
};

struct ledger {
	struct hash_seed seed;
	struct pool entries;
	uint32_t bucket_mask;
	struct age_list ages[WORTH_COUNT];
	struct held held[WORTH_COUNT][HOLDERS];
	uint32_t *buckets;
	uint64_t given_up;
	uint64_t given_up_before;
};

static const char *const VERSION_NAMES[LEDGER_VERSIONS] = {
	"3.0", "1.0", "1.1", "1.2", "1.3"};

const char *ledger_version_name(unsigned index)
{
	assert(index < LEDGER_VERSIONS);
	return VERSION_NAMES[index];
}

struct ledger *ledger_new(uint32_t servers, struct hash_seed seed, struct reason *why)
{
	assert(servers > 0 && servers < NONE / 2);
	uint32_t bucket_count = 16;
	while (bucket_count < servers) {
		bucket_count <<= 1;
	}
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	if (!ledger) {
		(void)reason_set(why, "no memory for the server ledger");
		return NULL;
	}
	ledger->buckets = calloc(bucket_count, sizeof(*ledger->buckets));
	if (!ledger->buckets) {
		(void)reason_set(why, "no memory for %u servers", servers);
		ledger_free(ledger);
		return NULL;
	}
	if (!pool_init(&ledger->entries, sizeof(struct entry), servers, why)) {
		ledger_free(ledger);
		return NULL;
	}
	for (uint32_t i = 0; i < bucket_count; i++) {
		ledger->buckets[i] = NONE;
	}
	ledger->seed = seed;
	ledger->bucket_mask = bucket_count - 1;
	for (size_t worth = 0; worth < WORTH_COUNT; worth++) {
		age_list_clear(&ledger->ages[worth]);
		for (size_t holder = 0; holder < HOLDERS; holder++) {
			age_list_clear(&ledger->held[worth][holder].ages);
		}
	}
	return ledger;
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger) {
		return;
	}
	pool_destroy(&ledger->entries);
	free(ledger->buckets);
	free(ledger);
}

static struct entry *entry_at(const struct ledger *ledger, uint32_t index)
{
	struct entry *entry = pool_at(&ledger->entries, index);
	return entry;
}

static uint32_t *bucket_of(
	const struct ledger *ledger, const struct address *address, uint16_t port)
{
	uint64_t words[3] = {0, 0, port};
	memcpy(words, address->bytes, sizeof(address->bytes));
	const uint64_t hash = hash_words(&ledger->seed, words, 3);
	return &ledger->buckets[(uint32_t)hash & ledger->bucket_mask];
}

static uint32_t index_of(
	const struct ledger *ledger, const struct address *address, uint16_t port)
{
	uint32_t index = *bucket_of(ledger, address, port);
	while (index != NONE) {
		const struct entry *entry = entry_at(ledger, index);
		if (entry->server.port == port &&
			address_equal(&entry->server.address, address)) {
			break;
		}
		index = entry->next_in_bucket;
	}
	return index;
}

static struct age_slots ages(const struct ledger *ledger)
{
	return (struct age_slots){ledger->entries.slots + offsetof(struct entry, age),
		ledger->entries.slot_bytes};
}

static struct age_slots shares(const struct ledger *ledger)
{
	return (struct age_slots){ledger->entries.slots + offsetof(struct entry, share),
		ledger->entries.slot_bytes};
}

static void unlist(struct ledger *ledger, struct entry *entry)
{
	struct held *held = &ledger->held[entry->worth][entry->holder];
	age_list_remove(&ledger->ages[entry->worth], ages(ledger), &entry->age);
	age_list_remove(&held->ages, shares(ledger), &entry->share);
	held->count--;
}

static void enlist(struct ledger *ledger, uint32_t index, enum worth worth)
{
	struct entry *entry = entry_at(ledger, index);
	struct held *held = &ledger->held[worth][entry->holder];
	entry->worth = (uint8_t)worth;
	age_list_append(&ledger->ages[worth], ages(ledger), index);
	age_list_append(&held->ages, shares(ledger), index);
	held->count++;
}

static uint8_t holder_of(const struct ledger *ledger, const struct address *address)
{
	uint64_t words[2];
	memcpy(words, address->bytes, sizeof(words));
	return (uint8_t)(hash_words(&ledger->seed, words, 2) % HOLDERS);
}

/* Of what is worth least, and no more than this: the oldest of whoever has most of it. HOLDERS steps. */
static uint32_t find_to_give_up(const struct ledger *ledger, enum worth most)
{
	size_t worth = 0;
	while (worth < (size_t)most && ledger->ages[worth].oldest == AGE_LIST_NONE) {
		worth++;
	}
	const struct held *heaviest = &ledger->held[worth][0];
	for (size_t holder = 1; holder < HOLDERS; holder++) {
		const struct held *held = &ledger->held[worth][holder];
		heaviest = held->count > heaviest->count ? held : heaviest;
	}
	return heaviest->ages.oldest;
}

/* False: nothing that is worth no more. */
static bool give_up_one(struct ledger *ledger, enum worth worth)
{
	const uint32_t index = find_to_give_up(ledger, worth);
	ledger->given_up++;
	if (index == AGE_LIST_NONE) {
		return false;
	}
	struct entry *entry = entry_at(ledger, index);
	uint32_t *link = bucket_of(ledger, &entry->server.address, entry->server.port);
	while (*link != index) {
		link = &entry_at(ledger, *link)->next_in_bucket;
	}
	*link = entry->next_in_bucket;
	unlist(ledger, entry);
	pool_give(&ledger->entries, index);
	return true;
}

struct use {
	const struct address *address;
	uint16_t port;
	enum worth worth;
	const struct address *holder;
};

/* The server's entry, made where there is none, and now the newest. NULL: no room. */
static struct ledger_server *server_use(struct ledger *ledger, const struct use *use)
{
	uint32_t index = index_of(ledger, use->address, use->port);
	if (index != NONE) {
		struct entry *known = entry_at(ledger, index);
		const enum worth before = (enum worth)known->worth;
		unlist(ledger, known);
		enlist(ledger, index, use->worth > before ? use->worth : before);
		return &known->server;
	}
	if (ledger->entries.used == ledger->entries.capacity &&
		!give_up_one(ledger, use->worth)) {
		return NULL;
	}
	index = pool_take(&ledger->entries);
	uint32_t *bucket = bucket_of(ledger, use->address, use->port);
	struct entry *entry = entry_at(ledger, index);
	*entry = (struct entry){.server = {.address = *use->address, .port = use->port},
		.next_in_bucket = *bucket,
		.holder = holder_of(ledger, use->holder)};
	*bucket = index;
	enlist(ledger, index, use->worth);
	return &entry->server;
}

const struct ledger_server *ledger_find(
	const struct ledger *ledger, const struct address *address, uint16_t port)
{
	const uint32_t index = index_of(ledger, address, port);
	return index == NONE ? NULL : &entry_at(ledger, index)->server;
}

void ledger_put(struct ledger *ledger, const struct ledger_server *server)
{
	struct ledger_server *entry =
		server_use(ledger, &(struct use){&server->address, server->port,
					   WORTH_ANY, &server->address});
	if (entry) {
		*entry = *server;
	}
}

static enum worth worth_anew(enum worth before, bool is_declared)
{
	if (is_declared) {
		return WORTH_DECLARED;
	}
	return before == WORTH_DECLARED ? WORTH_ANY : before;
}

static uint32_t count_of(const struct ledger *ledger, enum worth worth)
{
	uint32_t count = 0;
	for (size_t holder = 0; holder < HOLDERS; holder++) {
		count += ledger->held[worth][holder].count;
	}
	return count;
}

static void enlist_anew(struct ledger *ledger, uint32_t index, enum worth worth)
{
	if (entry_at(ledger, index)->worth != worth) {
		unlist(ledger, entry_at(ledger, index));
		enlist(ledger, index, worth);
	}
}

/* One that changes goes to the end of another list, where it changes no more. */
void ledger_declare(
	struct ledger *ledger, ledger_is_declared *is_declared, void *context)
{
	for (unsigned worth = 0; worth < WORTH_COUNT; worth++) {
		uint32_t index = ledger->ages[worth].oldest;
		uint32_t left = count_of(ledger, (enum worth)worth);
		for (uint32_t next; left > 0; left--, index = next) {
			const struct entry *entry = entry_at(ledger, index);
			const struct ledger_server *server = &entry->server;
			next = entry->age.newer;
			enlist_anew(ledger, index,
				worth_anew((enum worth)worth,
					is_declared(context, &server->address,
						server->port)));
		}
	}
}

size_t ledger_count(const struct ledger *ledger)
{
	return ledger->entries.used;
}

uint64_t ledger_given_up(const struct ledger *ledger)
{
	return ledger->given_up;
}

uint64_t ledger_given_up_ever(const struct ledger *ledger)
{
	return ledger->given_up + ledger->given_up_before;
}

void ledger_add_given_up_before(struct ledger *ledger, uint64_t count)
{
	ledger->given_up_before += count;
}

void ledger_walk(const struct ledger *ledger, ledger_visit *visit, void *context)
{
	for (size_t worth = 0; worth < WORTH_COUNT; worth++) {
		for (uint32_t i = ledger->ages[worth].oldest; i != AGE_LIST_NONE;
			i = entry_at(ledger, i)->age.newer) {
			visit(context, &entry_at(ledger, i)->server);
		}
	}
}

static bool is_remembered(uint64_t seen_us, uint64_t now_us)
{
	return seen_us + LEDGER_MEMORY_US >= now_us;
}

/* Nobody has been offered it for long enough: it was switched off. */
static bool is_switched_off(const struct ledger_absence *absence, uint64_t now_us)
{
	return absence->flows >= LEDGER_CHANGE_FLOWS &&
	       absence->client_count == LEDGER_CLIENTS &&
	       absence->first_us + LEDGER_CHANGE_US <= now_us;
}

/* Only an offer before this flow counts: a server that got it later did nothing wrong. */
static void recall_starttls(const struct ledger_server *server,
	const struct address *client, uint64_t start_us, struct judge_memory *memory)
{
	if (server->offered == 0 || server->offered_first_us >= start_us ||
		!is_remembered(server->offered_last_us, start_us) ||
		is_switched_off(&server->absence, start_us)) {
		return;
	}
	memory->starttls_offers = server->offered;
	memory->starttls_uses = server->used;
	memory->starttls_first_us = server->offered_first_us;
	memory->starttls_offered_us =
		server->offered_last_us < start_us ? server->offered_last_us : start_us;
	memory->starttls_missed_by = server->absence.client_count;
	memory->is_starttls_of_others = offered_to_others(&server->offered_to, client);
	memory->is_starttls_partly =
		server->partly_us != 0 && is_remembered(server->partly_us, start_us);
}

static const struct ledger_certificate *find_certificate(
	const struct ledger_server *server, const char *fingerprint, const char *sni)
{
	for (size_t i = 0; i < LEDGER_CERTIFICATES; i++) {
		const struct ledger_certificate *at = &server->certificates[i];
		if (strcmp(at->fingerprint, fingerprint) == 0 &&
			strcmp(at->sni, sni) == 0) {
			return at;
		}
	}
	return NULL;
}

/*
 * One that comes back after another took its place; a renewed one never does. A server
 * may have one for each name asked for and for each type of key: those do not compete.
 */
static void recall_certificates(const struct ledger_server *server,
	const struct observation *observation, uint64_t start_us,
	struct judge_memory *memory)
{
	const struct facts_certificate *certificate = lesson_certificate(observation);
	char sni[LEDGER_SNI_BYTES];
	lesson_word(sni, sizeof(sni), observation->facts->session.sni);
	const struct ledger_certificate *known =
		certificate ? find_certificate(server, certificate->fingerprint, sni)
			    : NULL;
	if (!known || !is_remembered(known->last_us, start_us)) {
		return;
	}
	uint32_t others = 0;
	for (size_t i = 0; i < LEDGER_CERTIFICATES; i++) {
		const struct ledger_certificate *at = &server->certificates[i];
		const bool is_rival = at != known && at->flows > 0 &&
				      strcmp(at->sni, known->sni) == 0 &&
				      strcmp(at->key_type, known->key_type) == 0;
		const bool is_between =
			at->last_us > known->last_us && at->last_us <= start_us;
		others += is_rival && is_between &&
			  !address_equal(&at->client, &observation->client);
	}
	memory->certificates = others > 0 ? others + 1 : 0;
}

/* LEDGER_DENIALS steps. */
static void recall_denial(const struct ledger_server *server,
	const struct observation *observation, uint64_t start_us,
	struct judge_memory *memory)
{
	if (!observation->facts->is_helo_only) {
		return;
	}
	const uint64_t name = lesson_name(observation->facts);
	for (size_t i = 0; i < LEDGER_DENIALS; i++) {
		const struct ledger_denial *at = &server->denials[i];
		if (at->time_us != 0 && at->time_us <= start_us &&
			start_us - at->time_us <= LEDGER_DENIAL_US &&
			at->name == name &&
			address_equal(&at->client, &observation->client)) {
			memory->ehlo_denied_us = at->time_us;
		}
	}
}

void ledger_recall(const struct ledger *ledger, const struct observation *observation,
	uint64_t start_us, struct judge_memory *memory)
{
	const struct ledger_server *server =
		ledger_find(ledger, &observation->server, observation->server_port);
	if (!server) {
		return;
	}
	recall_starttls(server, &observation->client, start_us, memory);
	recall_certificates(server, observation, start_us, memory);
	recall_denial(server, observation, start_us, memory);
}

static void count_one(uint32_t *counter)
{
	*counter += *counter < UINT32_MAX ? 1 : 0;
}

static void count_more(uint32_t *counter, uint32_t more)
{
	*counter = more < UINT32_MAX - *counter ? *counter + more : UINT32_MAX;
}

/* Widen [*first_us, *last_us] by time_us; both 0: empty. */
static void widen(uint64_t *first_us, uint64_t *last_us, uint64_t time_us)
{
	if (*first_us == 0 || time_us < *first_us) {
		*first_us = time_us;
	}
	if (time_us > *last_us) {
		*last_us = time_us;
	}
}

static void add_client(struct ledger_absence *absence, const struct address *client)
{
	for (uint32_t i = 0; i < absence->client_count; i++) {
		if (address_equal(&absence->clients[i], client)) {
			return;
		}
	}
	if (absence->client_count < LEDGER_CLIENTS) {
		absence->clients[absence->client_count++] = *client;
	}
}

static void learn_offer(
	struct ledger_server *server, const struct ledger_lesson *lesson)
{
	const uint64_t start_us = lesson->start_us;
	if ((lesson->flags & LEDGER_LESSON_OFFERED) != 0) {
		count_one(&server->offered);
		widen(&server->offered_first_us, &server->offered_last_us, start_us);
		offered_to_note(&server->offered_to, &lesson->client);
		if (start_us >= server->absence.last_us) {
			server->absence = (struct ledger_absence){0};
		}
		return;
	}
	if ((lesson->flags & LEDGER_LESSON_ABSENT) == 0) {
		return;
	}
	count_one(&server->not_offered);
	if ((lesson->flags & LEDGER_LESSON_STRIPPED) != 0 &&
		!is_remembered(server->partly_us, start_us) &&
		offered_to_others(&server->offered_to, &lesson->client)) {
		server->partly_us = start_us;
	}
	if (start_us >= server->offered_last_us) {
		count_one(&server->absence.flows);
		widen(&server->absence.first_us, &server->absence.last_us, start_us);
		add_client(&server->absence, &lesson->client);
	}
}

static struct ledger_certificate *oldest_certificate(struct ledger_server *server)
{
	struct ledger_certificate *oldest = &server->certificates[0];
	for (size_t i = 1; i < LEDGER_CERTIFICATES; i++) {
		if (server->certificates[i].last_us < oldest->last_us) {
			oldest = &server->certificates[i];
		}
	}
	return oldest;
}

static void learn_certificate(
	struct ledger_server *server, const struct ledger_lesson *lesson)
{
	if (lesson->fingerprint[0] == '\0') {
		return;
	}
	const struct ledger_certificate *known =
		find_certificate(server, lesson->fingerprint, lesson->sni);
	struct ledger_certificate *entry;
	if (known) {
		entry = &server->certificates[known - server->certificates];
	} else {
		entry = oldest_certificate(server);
		*entry = (struct ledger_certificate){.flows = 0};
		memcpy(entry->fingerprint, lesson->fingerprint,
			sizeof(entry->fingerprint));
		memcpy(entry->key_type, lesson->key_type, sizeof(entry->key_type));
		memcpy(entry->sni, lesson->sni, sizeof(entry->sni));
	}
	count_one(&entry->flows);
	if (lesson->start_us >= entry->last_us) {
		entry->client = lesson->client;
	}
	widen(&entry->first_us, &entry->last_us, lesson->start_us);
}

/* In place of the client's last one, or of the oldest. LEDGER_DENIALS steps. */
static void learn_denial(
	struct ledger_server *server, const struct ledger_lesson *lesson)
{
	struct ledger_denial *place = &server->denials[0];
	if ((lesson->flags & LEDGER_LESSON_EHLO_DENIED) == 0) {
		return;
	}
	for (size_t i = 0; i < LEDGER_DENIALS; i++) {
		struct ledger_denial *at = &server->denials[i];
		if (address_equal(&at->client, &lesson->client)) {
			place = at;
			break;
		}
		place = at->time_us < place->time_us ? at : place;
	}
	*place = (struct ledger_denial){lesson->client, lesson->name, lesson->start_us};
}

/* 0x0300 is SSL 3.0, 0x0304 TLS 1.3 (RFC 8446 section 4.2.1). */
static uint16_t version_flag(uint16_t version)
{
	const unsigned index = version - 0x0300U;
	const unsigned flag = index < LEDGER_VERSIONS ? 1U << index : 0;
	return (uint16_t)flag;
}

void ledger_learn(struct ledger *ledger, const struct ledger_lesson *lesson)
{
	const unsigned flags = lesson->flags;
	const struct use use = {.address = &lesson->server,
		.port = lesson->port,
		.worth = flags & LEDGER_LESSON_DECLARED       ? WORTH_DECLARED
			 : flags & LEDGER_LESSON_KNOWN_CLIENT ? WORTH_KNOWN_CLIENT
							      : WORTH_ANY,
		.holder = &lesson->client};
	struct ledger_server *server = server_use(ledger, &use);
	if (!server) {
		return;
	}
	count_one(&server->flows);
	widen(&server->first_us, &server->last_us, lesson->start_us);
	server->versions |= version_flag(lesson->version);
	if ((lesson->flags & LEDGER_LESSON_USED) != 0) {
		count_one(&server->used);
	}
	if ((lesson->flags & LEDGER_LESSON_REFUSED) != 0) {
		count_one(&server->refused);
	}
	if ((lesson->flags & LEDGER_LESSON_STRIPPED) != 0) {
		count_one(&server->stripped);
	}
	if ((lesson->flags & LEDGER_LESSON_AUTH_CLEAR) != 0) {
		count_one(&server->auth_clear);
	}
	count_more(&server->messages, lesson->messages);
	count_more(&server->refusals, lesson->refusals);
	count_more(&server->deferrals, lesson->deferrals);
	learn_offer(server, lesson);
	learn_denial(server, lesson);
	learn_certificate(server, lesson);
}
