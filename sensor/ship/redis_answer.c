#include "ship/redis_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct redis_error ERRORS[] = {
	{"MOVED", REDIS_ERROR_MOVED, "another node of the cluster has the keys"},
	{"ASK", REDIS_ERROR_ASK, "another node of the cluster gets the keys"},
	{"TRYAGAIN", REDIS_ERROR_SOON, "the keys are between two nodes of the cluster"},
	{"NOSCRIPT", REDIS_ERROR_NO_SCRIPT, "it forgot the script"},
	{"CLUSTERDOWN", REDIS_ERROR_DOWN, "the cluster is down"},
	{"LOADING", REDIS_ERROR_DOWN, "it still loads its data"},
	{"READONLY", REDIS_ERROR_DOWN, "it is a replica and takes no writes"},
	{"MASTERDOWN", REDIS_ERROR_DOWN, "it is a replica without its master"},
	{"UNKILLABLE", REDIS_ERROR_DOWN, "it is busy with a script"},
	{"BUSY", REDIS_ERROR_DOWN, "it is busy with a script"},
	{"NOREPLICAS", REDIS_ERROR_DOWN, "it has too few replicas to take writes"},
	{"MISCONF", REDIS_ERROR_DOWN, "it cannot write to its disk"},
	{"OOM", REDIS_ERROR_DOWN, "its memory is full (maxmemory)"},
	{"NOAUTH", REDIS_ERROR_SETTINGS, "it wants a user and a password"},
	{"WRONGPASS", REDIS_ERROR_SETTINGS, "it refuses our user or password"},
	{"NOPERM", REDIS_ERROR_SETTINGS, "our user may not do that: see its ACL"},
	{"DENIED", REDIS_ERROR_SETTINGS, "it takes connections of itself only"},
	{"CROSSSLOT", REDIS_ERROR_SETTINGS, "the keys are not of one slot"},
	{"WRONGTYPE", REDIS_ERROR_SETTINGS, "one of the keys holds something else"},
	{NULL, REDIS_ERROR_DOWN, "it refuses"},
};

const struct redis_error *redis_error_of(const char *text)
{
	const size_t len = strcspn(text, " ");
	const struct redis_error *error = ERRORS;
	while (error->word &&
		(strlen(error->word) != len || memcmp(error->word, text, len) != 0)) {
		error++;
	}
	return error;
}

static bool read_number(
	const char *text, char stop, unsigned long most, unsigned *number)
{
	char *end;
	if (*text < '0' || *text > '9') {
		return false;
	}
	const unsigned long value = strtoul(text, &end, 10);
	*number = (unsigned)value;
	return *end == stop && value <= most;
}

bool redis_redirect_read(const char *text, const struct redis_node *asked,
	struct redis_node *to, unsigned *slot)
{
	const char *number = strchr(text, ' ');
	const char *host = number ? strchr(number + 1, ' ') : NULL;
	const char *port = host ? strrchr(host, ':') : NULL; /* IPv6 has colons too */
	if (!port || !read_number(number + 1, ' ', REDIS_SLOTS - 1, slot) ||
		!read_number(port + 1, '\0', 65535, &to->port) || to->port == 0) {
		return false;
	}
	host++;
	const size_t len = (size_t)(port - host);
	if (len >= sizeof(to->host)) {
		return false;
	}
	if (len == 0 || (len == 1 && *host == '?')) { /* it does not know its own */
		(void)snprintf(to->host, sizeof(to->host), "%s", asked->host);
		return asked->port != 0;
	}
	memcpy(to->host, host, len);
	to->host[len] = '\0';
	return true;
}

/* CRC16 as XMODEM has it: polynomial 0x1021, from 0 */
static unsigned crc16(const char *text, size_t len)
{
	unsigned crc = 0;
	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned)(unsigned char)text[i] << 8;
		for (unsigned bit = 0; bit < 8; bit++) {
			crc = (crc & 0x8000U) != 0 ? crc << 1 ^ 0x1021U : crc << 1;
		}
		crc &= 0xffffU;
	}
	return crc;
}

unsigned redis_slot(const char *key, size_t len)
{
	const char *open = memchr(key, '{', len);
	if (open) {
		const char *tag = open + 1;
		const char *close = memchr(tag, '}', len - (size_t)(tag - key));
		if (close && close > tag) {
			return crc16(tag, (size_t)(close - tag)) % REDIS_SLOTS;
		}
	}
	return crc16(key, len) % REDIS_SLOTS;
}

bool redis_info_read(const char *text, const char *name, char *value, size_t size)
{
	const size_t len = strlen(name);
	for (const char *line = text; line && *line != '\0';) {
		const size_t end = strcspn(line, "\r\n");
		if (end > len && memcmp(line, name, len) == 0 && line[len] == ':') {
			(void)snprintf(value, size, "%.*s", (int)(end - len - 1),
				line + len + 1);
			return true;
		}
		line += end + strspn(line + end, "\r\n");
	}
	return false;
}
