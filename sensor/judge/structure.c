#include "judge/structure.h"

#include "analyze/header.h"
#include "judge/cause.h"
#include "judge/ends.h"
#include "judge/evidence.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 8 /* hosts that share a place */

struct reached {
	uint64_t server; /* hash; 0: no entry */
	uint64_t last_us;
};

/* What an entry is worth: one gives way for none that is worth less. */
enum worth {
	WORTH_OUTSIDE = 0, /* a host of the Internet */
	WORTH_INSIDE,      /* of a zone */
	WORTH_DECLARED,    /* of a group */
	WORTH_SERVER,      /* of one of mail servers */
	WORTH_COUNT,
};

struct host {
	struct address address;
	bool is_used;
	uint8_t worth; /* enum worth, when it was last seen */
	uint64_t last_us;
	uint64_t took_us;         /* from the Internet; 0: never */
	uint64_t was_let_take_us; /* and was not accused of it */
	uint64_t was_let_send_us; /* to the Internet, and was not accused of it */
	struct reached reached[STRUCTURE_REACHED];
};

struct hosts {
	struct host *list;
	uint32_t places; /* a power of two; WAYS hosts each */
};

/* One message that a relay was given. */
struct gift {
	uint64_t time_us;
	uint64_t bytes;
	uint64_t queue_id;
	uint64_t helo;
	uint32_t recipients;
	bool is_in_breach;
};

struct relay {
	struct address address;
	bool is_used;
	uint64_t last_us;
	uint64_t count; /* number n stands at n modulo STRUCTURE_GIFTS */
	struct gift gifts[STRUCTURE_GIFTS];
};

struct structure {
	struct hash_seed seed;
	struct hosts servers;
	struct hosts senders;
	struct relay relays[STRUCTURE_RELAYS];
	uint64_t given_up;
	structure_tell *tell; /* or NULL */
	void *context;
};

static bool hosts_new(struct hosts *hosts, uint32_t capacity)
{
	hosts->places = 1;
	while ((uint64_t)hosts->places * WAYS < capacity) {
		hosts->places <<= 1;
	}
	hosts->list = calloc((size_t)hosts->places * WAYS, sizeof(*hosts->list));
	return hosts->list != NULL;
}

struct structure *structure_new(
	uint32_t hosts, struct hash_seed seed, struct reason *why)
{
	assert(hosts > 0 && hosts <= UINT32_C(1) << 24);
	struct structure *structure = calloc(1, sizeof(*structure));
	if (!structure || !hosts_new(&structure->servers, hosts) ||
		!hosts_new(&structure->senders, hosts)) {
		structure_free(structure);
		(void)reason_set(why, "no memory to remember %u hosts", hosts);
		return NULL;
	}
	structure->seed = seed;
	return structure;
}

void structure_free(struct structure *structure)
{
	if (!structure) {
		return;
	}
	free(structure->servers.list);
	free(structure->senders.list);
	free(structure);
}

uint64_t structure_given_up(const struct structure *structure)
{
	return structure->given_up;
}

static uint64_t address_hash(
	const struct structure *structure, const struct address *address)
{
	uint64_t words[2];
	memcpy(words, address->bytes, sizeof(words));
	return hash_words(&structure->seed, words, 2);
}

static struct host *place_of(const struct structure *structure,
	const struct hosts *hosts, const struct address *address)
{
	const uint64_t hash = address_hash(structure, address);
	return &hosts->list[(hash & (hosts->places - 1)) * WAYS];
}

static const struct host *host_find(const struct structure *structure,
	const struct hosts *hosts, const struct address *address)
{
	static const struct host NONE;
	const struct host *place = place_of(structure, hosts, address);
	/* entries are filled in order and never emptied */
	for (size_t i = 0; i < WAYS && place[i].is_used; i++) {
		if (address_equal(&place[i].address, address)) {
			return &place[i];
		}
	}
	return &NONE;
}

static enum worth worth_of(const struct matrix_end *end)
{
	if (end->group != NULL) {
		return judge_is_server(end) ? WORTH_SERVER : WORTH_DECLARED;
	}
	return judge_is_internet(end) ? WORTH_OUTSIDE : WORTH_INSIDE;
}

/* Whether a rather than b gives way. */
static bool is_rather_given_up(const struct host *a, const struct host *b)
{
	if (!a->is_used || !b->is_used) {
		return !a->is_used && b->is_used;
	}
	return a->worth != b->worth ? a->worth < b->worth : a->last_us < b->last_us;
}

/* The entry of a host that is this end, made where there is none; NULL: no room. WAYS steps. */
static struct host *host_use(struct structure *structure, const struct hosts *hosts,
	const struct address *address, enum worth worth, uint64_t now_us)
{
	struct host *place = place_of(structure, hosts, address);
	struct host *chosen = &place[0];
	for (size_t i = 0; i < WAYS; i++) {
		if (place[i].is_used && address_equal(&place[i].address, address)) {
			place[i].last_us = now_us;
			place[i].worth = (uint8_t)worth;
			return &place[i];
		}
		chosen = is_rather_given_up(&place[i], chosen) ? &place[i] : chosen;
	}
	structure->given_up += chosen->is_used;
	if (chosen->is_used && chosen->worth > worth) {
		return NULL;
	}
	*chosen = (struct host){.address = *address,
		.is_used = true,
		.worth = (uint8_t)worth,
		.last_us = now_us};
	return chosen;
}

/* Captures merged badly may step back in time: that is no age at all. */
static bool is_within(uint64_t time_us, uint64_t now_us, uint64_t window_us)
{
	return time_us != 0 && (time_us >= now_us || now_us - time_us <= window_us);
}

static uint64_t within_a_day(uint64_t time_us, uint64_t now_us)
{
	return is_within(time_us, now_us, STRUCTURE_DAY_US) ? time_us : 0;
}

static const struct relay *relay_find(
	const struct structure *structure, const struct address *address)
{
	for (size_t i = 0; i < STRUCTURE_RELAYS; i++) {
		const struct relay *relay = &structure->relays[i];
		if (relay->is_used && address_equal(&relay->address, address)) {
			return relay;
		}
	}
	return NULL;
}

static struct relay *relay_use(
	struct structure *structure, const struct address *address, uint64_t now_us)
{
	struct relay *chosen = &structure->relays[0];
	for (size_t i = 0; i < STRUCTURE_RELAYS; i++) {
		struct relay *relay = &structure->relays[i];
		if (relay->is_used && address_equal(&relay->address, address)) {
			relay->last_us = now_us;
			return relay;
		}
		if (chosen->is_used &&
			(!relay->is_used || relay->last_us < chosen->last_us)) {
			chosen = relay;
		}
	}
	structure->given_up += chosen->is_used;
	chosen->address = *address;
	chosen->is_used = true;
	chosen->last_us = now_us;
	chosen->count = 0;
	return chosen;
}

/* What shows that the message passed on is the one given; the strongest first. */
enum likeness {
	LIKENESS_NONE = 0,
	LIKENESS_SIZE,
	LIKENESS_HELO,
	LIKENESS_QUEUE_ID,
};

static const char *const LIKENESS_NAMES[] = {
	[LIKENESS_NONE] = NULL,
	[LIKENESS_SIZE] = "size and time",
	[LIKENESS_HELO] = "HELO and time",
	[LIKENESS_QUEUE_ID] = "queue id",
};

/* A relay adds its own fields and may split the recipients (RFC 5321 section 4.4). */
static bool is_like_in_size(
	const struct gift *gift, const struct facts_transaction *passed)
{
	return gift->bytes > 0 && passed->bytes >= gift->bytes &&
	       passed->bytes - gift->bytes <= STRUCTURE_SIZE_ADDED &&
	       passed->recipients <= gift->recipients;
}

static enum likeness likeness(const struct gift *gift,
	const struct facts_transaction *passed, uint64_t now_us)
{
	if (passed->received_id != 0 && passed->received_id == gift->queue_id) {
		return is_within(gift->time_us, now_us, STRUCTURE_HOUR_US)
			       ? LIKENESS_QUEUE_ID
			       : LIKENESS_NONE;
	}
	if (passed->received_id != 0 && gift->queue_id != 0) {
		return LIKENESS_NONE; /* both are known, and differ */
	}
	if (passed->received_from != 0 && gift->helo != 0) {
		return passed->received_from == gift->helo &&
				       is_within(gift->time_us, now_us,
					       STRUCTURE_MINUTE_US)
			       ? LIKENESS_HELO
			       : LIKENESS_NONE;
	}
	return is_like_in_size(gift, passed) &&
			       is_within(gift->time_us, now_us, STRUCTURE_MOMENT_US)
		       ? LIKENESS_SIZE
		       : LIKENESS_NONE;
}

static void chain_recall(const struct relay *relay,
	const struct observation *observation, struct judge_memory *memory)
{
	const struct facts *facts = observation->facts;
	const uint64_t gifts =
		relay->count < STRUCTURE_GIFTS ? relay->count : STRUCTURE_GIFTS;
	const uint32_t passed = facts->transaction_count < FACTS_TRANSACTIONS
					? facts->transaction_count
					: FACTS_TRANSACTIONS;
	enum likeness best = LIKENESS_NONE;
	for (uint64_t i = 0; i < gifts * passed; i++) {
		const struct gift *gift = &relay->gifts[i / passed];
		const enum likeness like = likeness(
			gift, &facts->transactions[i % passed], observation->now_us);
		if (like > best) {
			best = like;
			memory->is_given_in_breach = false;
		}
		memory->is_given_in_breach |=
			best != LIKENESS_NONE && like == best && gift->is_in_breach;
	}
	memory->chained_by = LIKENESS_NAMES[best];
}

static uint32_t servers_reached(const struct structure *structure,
	const struct host *sender, const struct observation *observation)
{
	uint32_t count = 1;
	if (!sender->is_used) {
		return count;
	}
	const uint64_t server = address_hash(structure, &observation->server);
	for (size_t i = 0; i < STRUCTURE_REACHED; i++) {
		const struct reached *reached = &sender->reached[i];
		count += reached->server != server &&
			 is_within(reached->last_us, observation->now_us,
				 STRUCTURE_HOUR_US);
	}
	return count;
}

static bool is_relay(const struct matrix_end *end)
{
	return judge_role(end) == MATRIX_ROLE_RELAY;
}

/* One of our servers here, the Internet there. */
static bool is_across(const struct matrix_end *here, const struct matrix_end *there)
{
	return judge_is_server(here) && judge_is_outside(there);
}

void structure_recall(const struct structure *structure,
	const struct observation *observation, struct judge_memory *memory)
{
	const uint64_t now_us = observation->now_us;
	const struct matrix_end *from = &observation->ends[0];
	const struct matrix_end *to = &observation->ends[1];
	if (!protocol_row(observation->protocol)->is_sending ||
		!(is_relay(from) || is_relay(to) || is_across(from, to) ||
			is_across(to, from))) {
		return;
	}
	const struct host *client =
		host_find(structure, &structure->servers, &observation->client);
	const struct host *server =
		host_find(structure, &structure->servers, &observation->server);
	memory->client_took_us = within_a_day(client->took_us, now_us);
	memory->server_took_us = within_a_day(server->took_us, now_us);
	memory->client_was_let_take_us = within_a_day(client->was_let_take_us, now_us);
	memory->server_was_let_send_us = within_a_day(server->was_let_send_us, now_us);
	const struct relay *relay =
		is_relay(from) ? relay_find(structure, &observation->client) : NULL;
	if (relay != NULL && observation->facts != NULL) {
		chain_recall(relay, observation, memory);
	}
}

void structure_recall_sender(const struct structure *structure,
	const struct observation *observation, struct judge_memory *memory)
{
	const struct host *sender =
		host_find(structure, &structure->senders, &observation->client);
	memory->servers_reached = servers_reached(structure, sender, observation);
}

void structure_listen(struct structure *structure, structure_tell *tell, void *context)
{
	structure->tell = tell;
	structure->context = context;
}

bool structure_lesson_is_sound(const struct structure_lesson *lesson)
{
	return lesson->kind < STRUCTURE_LESSON_COUNT && lesson->worth < WORTH_COUNT &&
	       lesson->is_let <= 1 && lesson->is_in_breach <= 1 && lesson->time_us != 0;
}

/* STRUCTURE_REACHED steps; the place of this server, or of the one reached longest ago. */
static struct reached *reached_place(struct host *sender, uint64_t server)
{
	struct reached *chosen = &sender->reached[0];
	for (size_t i = 0; i < STRUCTURE_REACHED; i++) {
		struct reached *reached = &sender->reached[i];
		if (reached->server == server && reached->last_us != 0) {
			return reached;
		}
		chosen = reached->last_us < chosen->last_us ? reached : chosen;
	}
	return chosen;
}

static void hear_gift(
	struct structure *structure, const struct structure_lesson *lesson)
{
	struct relay *relay = relay_use(structure, &lesson->host, lesson->time_us);
	relay->gifts[relay->count % STRUCTURE_GIFTS] = (struct gift){
		.time_us = lesson->time_us,
		.bytes = lesson->bytes,
		.queue_id = lesson->queue_id,
		.helo = lesson->helo,
		.recipients = lesson->recipients,
		.is_in_breach = lesson->is_in_breach != 0,
	};
	relay->count++;
}

/* True: it says no more than was known a minute ago. */
static bool hear_of_host(
	struct structure *structure, const struct structure_lesson *lesson)
{
	const bool is_sender = lesson->kind == STRUCTURE_LESSON_REACHED;
	struct host *host = host_use(structure,
		is_sender ? &structure->senders : &structure->servers, &lesson->host,
		(enum worth)lesson->worth, lesson->time_us);
	const uint64_t server = address_hash(structure, &lesson->server);
	struct reached *reached;
	uint64_t known_us;
	if (!host) {
		return false;
	}
	switch ((enum structure_lesson_kind)lesson->kind) {
	case STRUCTURE_LESSON_SENT:
		known_us = host->was_let_send_us;
		host->was_let_send_us = lesson->time_us;
		break;
	case STRUCTURE_LESSON_TOOK:
		known_us = lesson->is_let ? host->was_let_take_us : host->took_us;
		host->took_us = lesson->time_us;
		host->was_let_take_us =
			lesson->is_let ? lesson->time_us : host->was_let_take_us;
		break;
	default:
		reached = reached_place(host, server);
		known_us = reached->server == server ? reached->last_us : 0;
		*reached = (struct reached){server, lesson->time_us};
		break;
	}
	return is_within(known_us, lesson->time_us, STRUCTURE_MINUTE_US);
}

void structure_hear(struct structure *structure, const struct structure_lesson *lesson)
{
	if (lesson->kind == STRUCTURE_LESSON_GIFT) {
		hear_gift(structure, lesson);
	} else {
		(void)hear_of_host(structure, lesson);
	}
}

/* Of a host that does all day what it did before, others are told once a minute. */
static void teach(struct structure *structure, const struct structure_lesson *lesson)
{
	bool is_known = false;
	if (lesson->kind == STRUCTURE_LESSON_GIFT) {
		hear_gift(structure, lesson);
	} else {
		is_known = hear_of_host(structure, lesson);
	}
	if (structure->tell && !is_known) {
		structure->tell(structure->context, lesson);
	}
}

static void gifts_learn(struct structure *structure,
	const struct observation *observation, bool is_in_breach, uint32_t first)
{
	const struct facts *facts = observation->facts;
	const uint32_t count = facts->transaction_count;
	const struct text helo = {
		(const uint8_t *)facts->helo, strnlen(facts->helo, FACTS_HOST_BYTES)};
	if (count - first > FACTS_TRANSACTIONS) {
		first = count - FACTS_TRANSACTIONS;
	}
	for (uint32_t i = first; i != count; i++) {
		const struct facts_transaction *transaction =
			&facts->transactions[i % FACTS_TRANSACTIONS];
		teach(structure, &(struct structure_lesson){
					 .kind = STRUCTURE_LESSON_GIFT,
					 .host = observation->server,
					 .time_us = observation->now_us,
					 .bytes = transaction->bytes,
					 .queue_id = transaction->queue_id,
					 .helo = header_word_hash(helo),
					 .recipients = transaction->recipients,
					 .is_in_breach = is_in_breach,
				 });
	}
}

static void moves_learn(struct structure *structure,
	const struct observation *observation, const struct judgement *judgement)
{
	const bool is_outgoing =
		judge_is_server(&judgement->from) && judge_is_outside(&judgement->to);
	const bool is_incoming =
		judge_is_outside(&judgement->from) && !judge_is_outside(&judgement->to);
	/* told as that, and not again by what the rows let it do */
	const bool is_let =
		(judgement->findings &
			(FINDING_BIT(FINDING_SENDER_ILLEGITIMATE) |
				FINDING_BIT(FINDING_FLOW_ROLE_MISMATCH))) == 0;
	if (is_outgoing && is_let) {
		teach(structure, &(struct structure_lesson){
					 .kind = STRUCTURE_LESSON_SENT,
					 .host = observation->client,
					 .worth = (uint8_t)worth_of(&judgement->from),
					 .time_us = observation->now_us,
					 .is_let = true,
				 });
	}
	if (is_incoming) {
		teach(structure, &(struct structure_lesson){
					 .kind = STRUCTURE_LESSON_TOOK,
					 .host = observation->server,
					 .worth = (uint8_t)worth_of(&judgement->to),
					 .time_us = observation->now_us,
					 .is_let = is_let,
				 });
	}
}

void structure_learn(struct structure *structure, const struct observation *observation,
	const struct judgement *judgement, uint32_t first_transaction)
{
	const struct facts *facts = observation->facts;
	/* what may yet turn out to be an attempt is none of the servers that it reached */
	const uint64_t findings =
		judgement->findings & ~cause_waiting(observation, judgement->findings);
	const uint64_t now_us = observation->now_us;
	/* who gave and who took must be certain, or nobody is accused by it */
	if (facts == NULL || !protocol_row(observation->protocol)->is_sending ||
		observation->confidence == DIRECTION_CONFIDENCE_PORT) {
		return;
	}
	if (judge_is_mail_moved(facts)) {
		moves_learn(structure, observation, judgement);
	}
	if (findings & FINDING_BIT(FINDING_SENDER_ILLEGITIMATE)) {
		teach(structure, &(struct structure_lesson){
					 .kind = STRUCTURE_LESSON_REACHED,
					 .host = observation->client,
					 .server = observation->server,
					 .worth = (uint8_t)worth_of(&judgement->from),
					 .time_us = now_us,
				 });
	}
	if (judge_role(&judgement->to) != MATRIX_ROLE_RELAY ||
		facts->transaction_count == first_transaction) {
		return;
	}
	const struct host *client =
		host_find(structure, &structure->servers, &observation->client);
	if (judge_is_outside(&judgement->from) ||
		judge_is_exposed(
			&judgement->from, within_a_day(client->took_us, now_us))) {
		gifts_learn(structure, observation,
			(findings & FINDING_BIT(FINDING_RELAY_CHAINED)) != 0,
			first_transaction);
	}
}
