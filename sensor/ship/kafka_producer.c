#include "ship/kafka_producer.h"

#ifdef HAVE_RDKAFKA

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define STACK_BYTES \
	((size_t)512 << 10) /* of a thread: all count in the cage's memory */
#define PEM_MAX      ((size_t)1 << 20)
#define WORDS_BYTES  512
#define SERVER_BYTES (ADDRESS_HOST_BYTES + 16)

struct kafka_template {
	const struct kafka_settings *settings;
	rd_kafka_conf_t *conf;
};

struct kafka_producer {
	rd_kafka_t *library;
	const struct kafka_settings *settings;
	uint64_t given;
	uint64_t acked;
	enum kafka_state state;
	bool are_all_down;
	struct reason why; /* it is not well */
	struct reason complaint;
	bool is_there[KAFKA_UNACKED_MAX]; /* answered, ahead of what is before it */
};

/*
 * All waiting is ours: what the library gives up by itself, it gives up behind that. Metadata
 * of a topic that is not there yet is asked for often, an answer that does not come not long.
 * Answers and what waits are bounded below what the cage has.
 */
static const char *const FIXED[][2] = {
	{"client.id", "mailwarden"},
	{"enable.idempotence", "true"},
	{"message.timeout.ms", "120000"},
	{"request.timeout.ms", "8000"},
	{"receive.message.max.bytes", "8388608"},
	{"socket.timeout.ms", "10000"},
	{"socket.connection.setup.timeout.ms", "5000"},
	{"socket.keepalive.enable", "true"},
	{"reconnect.backoff.max.ms", "2000"},
	{"topic.metadata.propagation.max.ms", "5000"},
	{"queue.buffering.max.messages", "8192"},
	{"queue.buffering.max.kbytes", "16384"},
};

static bool set(
	rd_kafka_conf_t *conf, const char *name, const char *value, struct reason *why)
{
	char words[WORDS_BYTES];
	return rd_kafka_conf_set(conf, name, value, words, sizeof(words)) ==
		       RD_KAFKA_CONF_OK ||
	       reason_set(why, "librdkafka: %.200s", words);
}

/* All of the file, with a NUL behind it, to be freed. */
static char *read_whole(const char *path, struct reason *why)
{
	FILE *file = fopen(path, "re");
	char *text = file ? calloc(1, PEM_MAX + 1) : NULL;
	const size_t len = text ? fread(text, 1, PEM_MAX, file) : 0;
	const bool is_whole = text && !ferror(file) && feof(file);
	if (!is_whole) {
		(void)reason_set(why, "%.150s: %s", path,
			len == PEM_MAX ? "too long" : strerror(errno));
		free(text);
		text = NULL;
	}
	if (file) {
		(void)fclose(file);
	}
	return text;
}

/* The library gets the text: in the cage it could not open the file. */
static bool set_file(const struct kafka_template *template, const char *key,
	const char *name, struct reason *why)
{
	struct reason unread;
	const char *path = schema_text(template->settings->values, key);
	if (!path) {
		return true;
	}
	char *text = read_whole(path, &unread);
	if (!text) {
		return reason_set(why, "%s: %s", key, unread.text);
	}
	const bool is_set = set(template->conf, name, text, why);
	explicit_bzero(text, PEM_MAX);
	free(text);
	return is_set;
}

static bool set_login(const struct kafka_template *template, struct reason *why)
{
	char password[SCHEMA_SECRET_MAX];
	char mechanism[32] = "";
	const struct schema_values *values = template->settings->values;
	const char *word = schema_text(values, "mechanism");
	for (size_t i = 0; word[i] != '\0' && i + 1 < sizeof(mechanism); i++) {
		const bool is_letter = word[i] >= 'a' && word[i] <= 'z';
		mechanism[i] = (char)(is_letter ? word[i] - 'a' + 'A' : word[i]);
	}
	if (!schema_secret(values, "password", password, sizeof(password), why)) {
		return false;
	}
	const bool is_set = set(template->conf, "sasl.mechanisms", mechanism, why) &&
			    set(template->conf, "sasl.username",
				    schema_text(values, "user"), why) &&
			    set(template->conf, "sasl.password", password, why);
	explicit_bzero(password, sizeof(password));
	return is_set;
}

static bool set_security(const struct kafka_template *template, struct reason *why)
{
	static const char *const PROTOCOLS[2][2] = {
		{"plaintext", "sasl_plaintext"}, {"ssl", "sasl_ssl"}};
	const struct schema_values *values = template->settings->values;
	const bool is_login = schema_text(values, "user") != NULL;
	const char *protocol = PROTOCOLS[schema_is(values, "tls")][is_login];
	return set(template->conf, "security.protocol", protocol, why) &&
	       (!is_login || set_login(template, why)) &&
	       set_file(template, "ca", "ssl.ca.pem", why) &&
	       set_file(template, "certificate", "ssl.certificate.pem", why) &&
	       set_file(template, "key", "ssl.key.pem", why);
}

static const struct kafka_broker *broker_of(
	const struct kafka_settings *settings, const char *host)
{
	for (size_t i = 0; i < settings->count; i++) {
		if (strcmp(settings->brokers[i].host, host) == 0) {
			return &settings->brokers[i];
		}
	}
	return NULL;
}

struct resolved { /* freed by the address of its first member */
	struct addrinfo info;
	struct sockaddr_storage address;
};

static int read_address(struct resolved *one, const char *address, const char *service,
	const struct addrinfo *hints)
{
	struct addrinfo numeric = *hints;
	struct addrinfo *found = NULL;
	numeric.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	const int error = getaddrinfo(address, service, &numeric, &found);
	if (error != 0) {
		return error;
	}
	one->info = *found;
	memcpy(&one->address, found->ai_addr, found->ai_addrlen);
	one->info.ai_addr = (struct sockaddr *)&one->address;
	one->info.ai_canonname = NULL;
	one->info.ai_next = NULL;
	freeaddrinfo(found);
	return 0;
}

/*
 * Called by the library's threads, of what does not change any more: the cage has no resolver.
 * An address needs none. Without a node it is to free what it gave.
 */
static int on_resolve(const char *node, const char *service,
	const struct addrinfo *hints, struct addrinfo **found, void *opaque)
{
	if (!node) {
		free(*found);
		return 0;
	}
	const struct kafka_producer *producer = (const struct kafka_producer *)opaque;
	const struct kafka_broker *broker = broker_of(producer->settings, node);
	const size_t count = broker ? broker->addresses.count : 1;
	struct resolved *list = calloc(count + 1, sizeof(*list));
	int error = list ? EAI_NONAME : EAI_MEMORY;
	size_t filled = 0;
	for (size_t i = 0; list && i < count; i++) {
		const char *address = broker ? broker->addresses.list[i] : node;
		error = read_address(&list[filled], address, service, hints);
		if (error == 0 && filled++ > 0) {
			list[filled - 2].info.ai_next = &list[filled - 1].info;
		}
	}
	if (filled == 0) {
		free(list);
		return error;
	}
	*found = &list[0].info;
	return 0;
}

static void keep(struct reason *reason, const char *text)
{
	(void)reason_set(reason, "%.240s", text);
}

static void fail(
	struct kafka_producer *producer, enum kafka_state state, const char *text)
{
	if (producer->state == KAFKA_WELL || state == KAFKA_FATAL) {
		producer->state = state;
		keep(&producer->why, text);
	}
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the library's type */
static void on_error(rd_kafka_t *library, int error, const char *text, void *opaque)
{
	struct kafka_producer *producer = (struct kafka_producer *)opaque;
	char words[WORDS_BYTES] = "";
	switch (error) {
	case RD_KAFKA_RESP_ERR__FATAL:
		(void)rd_kafka_fatal_error(library, words, sizeof(words));
		fail(producer, KAFKA_FATAL, words);
		break;
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
		producer->are_all_down = true;
		break;
	case RD_KAFKA_RESP_ERR__RESOLVE:
		(void)reason_set(&producer->complaint,
			"%.150s (are all names of the cluster in brokers?)", text);
		break;
	default:
		keep(&producer->complaint, text);
		break;
	}
}

static void on_delivery(
	rd_kafka_t *library, const rd_kafka_message_t *message, void *opaque)
{
	struct kafka_producer *producer = (struct kafka_producer *)opaque;
	(void)library;
	if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		*(bool *)message->_private = true;
		return;
	}
	const bool is_too_long = message->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
	fail(producer, is_too_long ? KAFKA_TOO_LONG : KAFKA_FAILED,
		rd_kafka_err2str(message->err));
}

static rd_kafka_t *start(
	const rd_kafka_conf_t *template, void *opaque, struct reason *why)
{
	char words[WORDS_BYTES];
	rd_kafka_conf_t *conf = rd_kafka_conf_dup(template);
	rd_kafka_conf_set_opaque(conf, opaque);
	rd_kafka_t *library =
		rd_kafka_new(RD_KAFKA_PRODUCER, conf, words, sizeof(words));
	if (!library) { /* which takes conf only where there is one */
		rd_kafka_conf_destroy(conf);
		(void)reason_set(why, "librdkafka: %.200s", words);
	}
	return library;
}

/* "HOST:PORT,HOST:PORT" */
static bool set_brokers(const struct kafka_template *template, struct reason *why)
{
	char list[KAFKA_BROKERS_MAX * SERVER_BYTES] = "";
	size_t len = 0;
	for (size_t i = 0; i < template->settings->count; i++) {
		const struct kafka_broker *broker = &template->settings->brokers[i];
		const bool is_ipv6 = strchr(broker->host, ':') != NULL;
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s%s%s:%u",
			len > 0 ? "," : "", is_ipv6 ? "[" : "", broker->host,
			is_ipv6 ? "]" : "", broker->port);
	}
	return set(template->conf, "bootstrap.servers", list, why);
}

/*
 * A producer that knows no broker yet and ends at once, before the cage: the library reads
 * what it reads, and says what it thinks of certificates and keys.
 */
static bool rehearse(const struct kafka_template *template, struct reason *why)
{
	rd_kafka_t *library = start(template->conf, NULL, why);
	if (!library) {
		return false;
	}
	rd_kafka_destroy(library);
	return set_brokers(template, why);
}

static bool small_stacks(struct reason *why)
{
	pthread_attr_t small;
	int error = pthread_attr_init(&small);
	if (error == 0) {
		error = pthread_attr_setstacksize(&small, STACK_BYTES);
		error = error ? error : pthread_setattr_default_np(&small);
		(void)pthread_attr_destroy(&small);
	}
	return error == 0 || reason_set(why, "no small stacks: %s", strerror(error));
}

struct kafka_template *kafka_template_open(
	const struct kafka_settings *settings, struct reason *why)
{
	struct kafka_template *template = calloc(1, sizeof(*template));
	if (!template) {
		(void)reason_set(why, "no memory");
		return NULL;
	}
	template->settings = settings;
	template->conf = rd_kafka_conf_new();
	rd_kafka_conf_set_log_cb(
		template->conf, NULL); /* errors are told by on_error */
	rd_kafka_conf_set_error_cb(template->conf, on_error);
	rd_kafka_conf_set_dr_msg_cb(template->conf, on_delivery);
	rd_kafka_conf_set_resolve_cb(template->conf, on_resolve);
	bool is_set = small_stacks(why) && set_security(template, why);
	for (size_t i = 0; i < sizeof(FIXED) / sizeof(FIXED[0]) && is_set; i++) {
		is_set = set(template->conf, FIXED[i][0], FIXED[i][1], why);
	}
	if (!is_set || !rehearse(template, why)) {
		kafka_template_close(template);
		return NULL;
	}
	return template;
}

void kafka_template_close(struct kafka_template *template)
{
	rd_kafka_conf_destroy(template->conf);
	free(template);
}

struct kafka_producer *kafka_producer_open(
	const struct kafka_template *template, size_t batch_bytes, struct reason *why)
{
	char number[24];
	struct kafka_producer *producer = calloc(1, sizeof(*producer));
	if (!producer) {
		(void)reason_set(why, "no memory");
		return NULL;
	}
	producer->settings = template->settings;
	(void)snprintf(number, sizeof(number), "%zu", batch_bytes);
	if (set(template->conf, "batch.size", number, why)) {
		producer->library = start(template->conf, producer, why);
	}
	if (!producer->library) {
		free(producer);
		return NULL;
	}
	return producer;
}

void kafka_producer_close(struct kafka_producer *producer)
{
	rd_kafka_destroy(producer->library);
	free(producer);
}

/* Its words, and forget it. */
static enum kafka_given refusal(rd_kafka_error_t *error, struct reason *why)
{
	const bool is_full =
		rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__QUEUE_FULL;
	keep(why, rd_kafka_error_string(error));
	rd_kafka_error_destroy(error);
	return is_full ? KAFKA_FULL : KAFKA_REFUSED;
}

enum kafka_given kafka_producer_give(struct kafka_producer *producer,
	const struct kafka_record *record, struct reason *why)
{
	union { /* the library copies what it takes as void * */
		const char *given;
		void *taken;
	} text = {.given = record->text}, key = {.given = record->key};
	bool *is_there = &producer->is_there[producer->given % KAFKA_UNACKED_MAX];
	const rd_kafka_vu_t words[] = {
		{.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = record->topic},
		{.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
		{.vtype = RD_KAFKA_VTYPE_KEY,
			.u.mem = {key.taken, strlen(record->key)}},
		{.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {text.taken, record->len}},
		{.vtype = RD_KAFKA_VTYPE_HEADER,
			.u.header = {"event_id", record->id,
				(ssize_t)strlen(record->id)}},
		{.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = is_there},
	};
	*is_there = false;
	rd_kafka_error_t *error = rd_kafka_produceva(
		producer->library, words, sizeof(words) / sizeof(words[0]));
	if (error) {
		return refusal(error, why);
	}
	producer->given++;
	return KAFKA_TAKEN;
}

void kafka_producer_serve(struct kafka_producer *producer, int wait_ms)
{
	(void)rd_kafka_poll(producer->library, wait_ms);
}

size_t kafka_producer_acked(struct kafka_producer *producer)
{
	const uint64_t before = producer->acked;
	while (producer->acked < producer->given &&
		producer->is_there[producer->acked % KAFKA_UNACKED_MAX]) {
		producer->acked++;
		producer->complaint.text[0] = '\0'; /* of before */
	}
	return (size_t)(producer->acked - before);
}

enum kafka_state kafka_producer_state(
	const struct kafka_producer *producer, struct reason *why)
{
	if (producer->state != KAFKA_WELL) {
		*why = producer->why;
	}
	return producer->state;
}

bool kafka_producer_is_alone(const struct kafka_producer *producer)
{
	return producer->are_all_down && producer->acked == 0;
}

const char *kafka_producer_complaint(const struct kafka_producer *producer)
{
	return producer->complaint.text;
}

#endif
