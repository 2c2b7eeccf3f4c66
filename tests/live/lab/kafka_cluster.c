/*
 * tests/live/lab/kafka_cluster - a cluster of Kafka as librdkafka has it for tests, and a reader.
 *
 * kafka_cluster BROKERS PARTITIONS TOPIC FILE. Prints its brokers as one line, then does what
 * lines on standard input say, each answered by one: "down N", "up N", "leader N" (of all
 * partitions), "errors CODE COUNT" (of produce requests), "rtt MS", "topic CODE" (its error).
 * Each record of the topic becomes a line of FILE: partition, key, header event_id and value,
 * apart by tabs. Its log holds some megabytes: what is gone before it was read ends the program.
 * It does not tell what an idempotent producer sends again: it is there twice.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PARTITIONS_MAX 16
#define API_PRODUCE    0

struct lab {
	rd_kafka_mock_cluster_t *cluster;
	const char *topic;
	int brokers;
	int partitions;
	FILE *file;
	int64_t next[PARTITIONS_MAX];
};

static void die(const char *what)
{
	(void)fprintf(stderr, "kafka_cluster: %s\n", what);
	exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char words[256];
	if (rd_kafka_conf_set(conf, name, value, words, sizeof(words)) !=
		RD_KAFKA_CONF_OK) {
		die(words);
	}
}

static rd_kafka_t *client(rd_kafka_type_t type, const char *brokers)
{
	char words[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	set(conf, "log_level", "2");
	if (brokers) {
		set(conf, "bootstrap.servers", brokers);
		set(conf, "fetch.wait.max.ms", "10");
		set(conf, "fetch.error.backoff.ms", "20");
		set(conf, "reconnect.backoff.max.ms", "200");
		set(conf, "auto.offset.reset", "earliest");
	}
	rd_kafka_t *made = rd_kafka_new(type, conf, words, sizeof(words));
	if (!made) {
		die(words);
	}
	return made;
}

static void set_leader(const struct lab *lab, int broker)
{
	for (int i = 0; i < lab->partitions; i++) {
		(void)rd_kafka_mock_partition_set_leader(
			lab->cluster, lab->topic, i, broker);
	}
}

static void push_errors(const struct lab *lab, int code, int count)
{
	for (int i = 0; i < count; i++) {
		rd_kafka_mock_push_request_errors(
			lab->cluster, API_PRODUCE, 1, (rd_kafka_resp_err_t)code);
	}
}

static void obey(const struct lab *lab, const char *line)
{
	int one = 0;
	int two = 0;
	if (sscanf(line, "down %d", &one) == 1) {
		(void)rd_kafka_mock_broker_set_down(lab->cluster, one);
	} else if (sscanf(line, "up %d", &one) == 1) {
		(void)rd_kafka_mock_broker_set_up(lab->cluster, one);
	} else if (sscanf(line, "leader %d", &one) == 1) {
		set_leader(lab, one);
	} else if (sscanf(line, "errors %d %d", &one, &two) == 2) {
		push_errors(lab, one, two);
	} else if (sscanf(line, "topic %d", &one) == 1) {
		rd_kafka_mock_topic_set_error(
			lab->cluster, lab->topic, (rd_kafka_resp_err_t)one);
	} else if (sscanf(line, "rtt %d", &one) == 1) {
		for (int i = 1; i <= lab->brokers; i++) {
			(void)rd_kafka_mock_broker_set_rtt(lab->cluster, i, one);
		}
	} else {
		die(line);
	}
	(void)puts("done");
}

static void keep(struct lab *lab, const rd_kafka_message_t *message)
{
	const void *id = "";
	size_t len = 0;
	rd_kafka_headers_t *headers = NULL;
	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		return; /* a broker that is down, for now */
	}
	if (message->offset != lab->next[message->partition]) {
		die("records were gone before they were read");
	}
	lab->next[message->partition]++;
	if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		(void)rd_kafka_header_get_last(headers, "event_id", &id, &len);
	}
	(void)fprintf(lab->file, "%d\t%.*s\t%.*s\t%.*s\n", (int)message->partition,
		(int)message->key_len, (const char *)message->key, (int)len,
		(const char *)id, (int)message->len, (const char *)message->payload);
}

/* What is there, at most so long. */
static void read_records(struct lab *lab, rd_kafka_queue_t *queue, int wait_ms)
{
	rd_kafka_message_t *messages[1000];
	const ssize_t count = rd_kafka_consume_batch_queue(
		queue, wait_ms, messages, sizeof(messages) / sizeof(messages[0]));
	for (ssize_t i = 0; i < count; i++) {
		keep(lab, messages[i]);
		rd_kafka_message_destroy(messages[i]);
	}
	(void)fflush(lab->file);
}

static rd_kafka_queue_t *start_reading(struct lab *lab, rd_kafka_t *reader)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(reader);
	rd_kafka_topic_t *topic = rd_kafka_topic_new(reader, lab->topic, NULL);
	for (int i = 0; i < lab->partitions; i++) {
		if (rd_kafka_consume_start_queue(
			    topic, i, RD_KAFKA_OFFSET_BEGINNING, queue) != 0) {
			die("cannot read");
		}
	}
	return queue;
}

static void serve(struct lab *lab, rd_kafka_queue_t *queue)
{
	char line[128];
	struct pollfd commands = {.fd = STDIN_FILENO, .events = POLLIN};
	setvbuf(stdin, NULL, _IONBF, 0); /* else poll sees less than there is */
	while (true) {
		read_records(lab, queue, 20);
		if (poll(&commands, 1, 0) > 0) {
			if (!fgets(line, sizeof(line), stdin)) {
				return;
			}
			obey(lab, line);
			(void)fflush(stdout);
		}
	}
}

int main(int count, char **words)
{
	if (count != 5) {
		die("BROKERS PARTITIONS TOPIC FILE");
	}
	struct lab lab = {.brokers = atoi(words[1]),
		.partitions = atoi(words[2]),
		.topic = words[3],
		.file = fopen(words[4], "we")};
	if (!lab.file || lab.partitions > PARTITIONS_MAX) {
		die("its words");
	}
	lab.cluster =
		rd_kafka_mock_cluster_new(client(RD_KAFKA_PRODUCER, NULL), lab.brokers);
	if (!lab.cluster || rd_kafka_mock_topic_create(lab.cluster, lab.topic,
				    lab.partitions, lab.brokers) != 0) {
		die("no cluster");
	}
	const char *brokers = rd_kafka_mock_cluster_bootstraps(lab.cluster);
	rd_kafka_queue_t *queue =
		start_reading(&lab, client(RD_KAFKA_CONSUMER, brokers));
	(void)puts(brokers);
	(void)fflush(stdout);
	serve(&lab, queue);
	(void)fclose(lab.file);
	_exit(0); /* all ends with it */
}
