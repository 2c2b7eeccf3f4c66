#include "capture/forwarded.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_BYTES 4096 /* of either file: what is looked for stands near its top */

/* Below the process's own directory, where a mount may show nothing else of proc(5). */
static const char *const PATHS[FORWARDED_FAMILIES] = {
	[FORWARDED_IPV4] = "/proc/self/net/snmp",
	[FORWARDED_IPV6] = "/proc/self/net/snmp6",
};

const char *forwarded_name(enum forwarded_family family)
{
	return family == FORWARDED_IPV6 ? "IPv6" : "IPv4";
}

void forwarded_open(struct forwarded *forwarded)
{
	for (int i = 0; i < FORWARDED_FAMILIES; i++) {
		forwarded->files[i] = open(PATHS[i], O_RDONLY | O_CLOEXEC);
	}
}

static bool read_number(const char *text, uint64_t *number)
{
	char *end = NULL;
	*number = strtoull(text, &end, 10);
	return end != text;
}

/* "Ip: Forwarding DefaultTTL ..." and below it, in the same order, "Ip: 1 64 ...". */
static bool parse_ipv4(const char *text, uint64_t *packets)
{
	const char *name = strstr(text, "Ip: ");
	const char *value = name ? strstr(name + 1, "\nIp: ") : NULL;
	if (!value) {
		return false;
	}
	for (value++; name && value;
		name = strchr(name, ' '), value = strchr(value, ' ')) {
		name += *name == ' ';
		value += *value == ' ';
		if (strncmp(name, "ForwDatagrams ", strlen("ForwDatagrams ")) == 0) {
			return read_number(value, packets);
		}
	}
	return false;
}

static bool parse_ipv6(const char *text, uint64_t *packets)
{
	static const char NAME[] = "Ip6OutForwDatagrams";
	const char *line = strstr(text, NAME);
	return line && read_number(line + strlen(NAME), packets);
}

bool forwarded_parse(const char *text, enum forwarded_family family, uint64_t *packets)
{
	return family == FORWARDED_IPV6 ? parse_ipv6(text, packets)
					: parse_ipv4(text, packets);
}

bool forwarded_read(const struct forwarded *forwarded, enum forwarded_family family,
	uint64_t *packets)
{
	char text[TEXT_BYTES];
	const ssize_t len = pread(forwarded->files[family], text, sizeof(text) - 1, 0);
	text[len > 0 ? len : 0] = '\0';
	return forwarded_parse(text, family, packets);
}
