#include "ship/addresses.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

bool addresses_resolve(
	struct addresses *addresses, const char *host, struct reason *why)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	addresses->count = 0;
	/* resolv.conf(5): half a minute a name otherwise, with three silent servers */
	(void)setenv("RES_OPTIONS", "timeout:1 attempts:2", 0);
	const int error = getaddrinfo(host, NULL, &hints, &found);
	if (error != 0) {
		return reason_set(why, "%.100s: %s", host, gai_strerror(error));
	}
	for (const struct addrinfo *one = found;
		one && addresses->count < ADDRESSES_MAX; one = one->ai_next) {
		if (getnameinfo(one->ai_addr, one->ai_addrlen,
			    addresses->list[addresses->count], ADDRESS_BYTES, NULL, 0,
			    NI_NUMERICHOST) == 0) {
			addresses->count++;
		}
	}
	freeaddrinfo(found);
	return addresses->count > 0 || reason_set(why, "%.100s: no address", host);
}

bool addresses_is_name(const char *host)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST};
	struct addrinfo *found = NULL;
	if (getaddrinfo(host, NULL, &hints, &found) != 0) {
		return true;
	}
	freeaddrinfo(found);
	return false;
}

bool addresses_split(const char *text, char host[ADDRESS_HOST_BYTES], unsigned *port)
{
	const char *colon = strrchr(text, ':');
	const bool is_bracketed = text[0] == '[';
	size_t len = strlen(text);
	if (colon && (is_bracketed ? colon[-1] == ']' : strchr(text, ':') == colon)) {
		char *end;
		const unsigned long number = strtoul(colon + 1, &end, 10);
		if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || number == 0 ||
			number > 65535) {
			return false;
		}
		*port = (unsigned)number;
		len = (size_t)(colon - text);
	}
	if (is_bracketed) {
		if (len < 2 || text[len - 1] != ']') {
			return false;
		}
		text++;
		len -= 2;
	}
	if (len == 0 || len >= ADDRESS_HOST_BYTES) {
		return false;
	}
	memcpy(host, text, len);
	host[len] = '\0';
	return true;
}
