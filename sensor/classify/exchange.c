#include "classify/exchange.h"

#include "classify/request_path.h"

#include <string.h>

/* The first three fields of a UUID are numbers, which big endian turns round. */
static bool is_uuid(const uint8_t *uuid, bool is_little, const uint8_t *wanted)
{
	static const uint8_t TURNED[EXCHANGE_UUID_BYTES] = {
		3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	for (size_t i = 0; i < EXCHANGE_UUID_BYTES; i++) {
		if (uuid[is_little ? i : TURNED[i]] != wanted[i]) {
			return false;
		}
	}
	return true;
}

/* Little endian, as they mostly stand on the wire. */
static const uint8_t INTERFACES[][EXCHANGE_UUID_BYTES] = {
	{0x00, 0xdb, 0xf1, 0xa4, 0x47, 0xca, 0x67, 0x10, 0xb3, 0x1f, 0x00, 0xdd, 0x01,
		0x06, 0x62, 0xda}, /* EMSMDB */
	{0x4a, 0x57, 0x61, 0x52, 0x72, 0x45, 0x6e, 0x20, 0xb2, 0x68, 0x6b, 0x19, 0x92,
		0x13, 0xb4, 0xe4}, /* AsyncEMSMDB */
	{0x18, 0x5a, 0xcc, 0xf5, 0x64, 0x42, 0x1a, 0x10, 0x8c, 0x59, 0x08, 0x00, 0x2b,
		0x2f, 0x84, 0x26}, /* NSPI */
	{0xe0, 0xf5, 0x44, 0x15, 0x3c, 0x61, 0xd1, 0x11, 0x93, 0xdf, 0x00, 0xc0, 0x4f,
		0xd7, 0xbd, 0x09}, /* RFRI */
};

bool exchange_is_interface(const uint8_t uuid[EXCHANGE_UUID_BYTES], bool is_little)
{
	for (size_t i = 0; i < sizeof(INTERFACES) / sizeof(INTERFACES[0]); i++) {
		if (is_uuid(uuid, is_little, INTERFACES[i])) {
			return true;
		}
	}
	return false;
}

bool exchange_is_endpoint_mapper(
	const uint8_t uuid[EXCHANGE_UUID_BYTES], bool is_little)
{
	static const uint8_t MAPPER[EXCHANGE_UUID_BYTES] = {0x08, 0x83, 0xaf, 0xe1,
		0x1f, 0x5d, 0xc9, 0x11, 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa};
	return is_uuid(uuid, is_little, MAPPER);
}

struct service {
	const char *path; /* the target begins so, case apart: IIS does not care */
	const char *methods[2]; /* those its clients use; none: any */
	enum protocol protocol;
};

/* What has no name of its own is exchange-https: some service of the web front end. */
static const struct service SERVICES[] = {
	{"/mapi/emsmdb", {"POST"}, PROTOCOL_MAPI_HTTP},
	{"/mapi/nspi", {"POST"}, PROTOCOL_MAPI_HTTP},
	{"/Microsoft-Server-ActiveSync", {"POST", "OPTIONS"}, PROTOCOL_EAS},
	{"/EWS/", {"POST"}, PROTOCOL_EWS},
	{"/owa/", {NULL}, PROTOCOL_EXCHANGE_HTTPS},
	{"/ecp/", {NULL}, PROTOCOL_EXCHANGE_HTTPS},
	{"/OAB/", {NULL}, PROTOCOL_EXCHANGE_HTTPS},
	{"/autodiscover/autodiscover.", {NULL}, PROTOCOL_EXCHANGE_HTTPS},
};

/* "http://host/path" without its scheme and host. */
static struct text path_of(struct text target)
{
	if (!text_starts(target, "http://") && !text_starts(target, "https://")) {
		return target;
	}
	const size_t scheme = target.at[4] == ':' ? 7 : 8;
	const uint8_t *slash = memchr(target.at + scheme, '/', target.len - scheme);
	if (!slash) {
		return (struct text){.at = target.at, .len = 0};
	}
	return (struct text){.at = slash, .len = target.len - (slash - target.at)};
}

static bool is_plain(struct text path)
{
	if (memchr(path.at, '%', path.len) || memchr(path.at, '\\', path.len)) {
		return false;
	}
	const uint8_t *end = path.at + path.len;
	const uint8_t *at = path.at;
	while ((at = memchr(at, '/', (size_t)(end - at))) != NULL && ++at < end) {
		if (*at == '/' || *at == '.') {
			return false;
		}
	}
	return true;
}

static bool is_method(const struct service *service, struct text method)
{
	return !service->methods[0] || text_is(method, service->methods[0]) ||
	       (service->methods[1] && text_is(method, service->methods[1]));
}

static bool is_word_end(uint8_t byte)
{
	return byte == '/' || byte == '?' || byte == ';' || byte == ' ';
}

/* Behind the slash that all begin with. */
static bool may_be_asked_for(const struct service *service, struct text path)
{
	return ((path.at[1] ^ (uint8_t)service->path[1]) & ~0x20) == 0;
}

/* The whole path is the service's: "/ews/x", not "/ewsfoo". */
static bool is_asked_for(
	const struct service *service, struct text method, struct text path)
{
	if (!text_starts(path, service->path) || !is_method(service, method)) {
		return false;
	}
	const size_t len = strlen(service->path);
	return service->path[len - 1] == '/' || service->path[len - 1] == '.' ||
	       path.len == len || is_word_end(path.at[len]);
}

/*
 * "/owa/track?x=1": one plain word, as no page of Exchange below /owa/ is called but its
 * folders. Those of users have an address in it, or a domain.
 */
static bool is_unknown_word(struct text path)
{
	static const char *const FOLDERS[] = {
		"auth", "prem", "forms", "calendar", "smime", "ev", "closewindow"};
	const size_t head = strlen("/owa/");
	struct text word = {.at = path.at + head, .len = 0};
	if (!text_starts(path, "/owa/")) {
		return false;
	}
	while (head + word.len < path.len && !is_word_end(word.at[word.len])) {
		word.len++;
	}
	for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++) {
		if (text_is(word, FOLDERS[i])) {
			return false;
		}
	}
	return word.len > 0 && !memchr(word.at, '.', word.len) &&
	       !memchr(word.at, '@', word.len) && !memchr(word.at, '%', word.len);
}

/* Open Web Analytics lives below /owa/ as well: PHP, and modules. Exchange is ASP.NET. */
static bool is_others(const struct service *service, struct text path)
{
	static const char *const PARTS[] = {".php", ".jsp", ".cgi", "/owa/modules/"};
	if (service->protocol != PROTOCOL_EXCHANGE_HTTPS) {
		return false;
	}
	for (size_t i = 0; i < sizeof(PARTS) / sizeof(PARTS[0]); i++) {
		if (memmem(path.at, path.len, PARTS[i], strlen(PARTS[i])) != NULL) {
			return true;
		}
	}
	return is_unknown_word(path);
}

/*
 * RPC over HTTP names the server and port behind the proxy: "/rpc/rpcproxy.dll?name:6001".
 * MS-RPCH section 2.2.2. Exchange's are 6001 store, 6002 referral, 6004 directory and 593,
 * the mapper; Remote Desktop's gateway (3388) speaks the same.
 */
static bool is_tunnel_to_exchange(struct text path)
{
	static const char *const PORTS[] = {"6001", "6002", "6004", "593"};
	struct text target = text_word(&path);
	const uint8_t *colon = memrchr(target.at, ':', target.len);
	if (!colon || memchr(target.at, '?', target.len) == NULL) {
		return false;
	}
	const struct text port = {
		.at = colon + 1, .len = target.len - (size_t)(colon - target.at) - 1};
	for (size_t i = 0; i < sizeof(PORTS) / sizeof(PORTS[0]); i++) {
		if (text_is(port, PORTS[i])) {
			return true;
		}
	}
	return false;
}

enum protocol exchange_of_path(struct text method, struct text path)
{
	if (path.len < 2) {
		return PROTOCOL_HTTP;
	}
	for (size_t i = 0; i < sizeof(SERVICES) / sizeof(SERVICES[0]); i++) {
		if (may_be_asked_for(&SERVICES[i], path) &&
			is_asked_for(&SERVICES[i], method, path)) {
			return is_others(&SERVICES[i], path) ? PROTOCOL_HTTP
							     : SERVICES[i].protocol;
		}
	}
	return PROTOCOL_HTTP;
}

enum protocol exchange_of_request(struct text method, struct text target)
{
	const struct text path = path_of(text_trim(target));
	/* MS-RPCH section 2.1.2.1: methods that only RPC over HTTP has */
	if (text_is(method, "RPC_IN_DATA") || text_is(method, "RPC_OUT_DATA")) {
		return is_tunnel_to_exchange(path) ? PROTOCOL_OUTLOOK_ANYWHERE
						   : PROTOCOL_HTTP;
	}
	if (is_plain(path)) {
		return exchange_of_path(method, path);
	}
	struct request_path plain = {.stage = 0};
	request_path_add_target(&plain, path);
	return exchange_of_path(method, request_path_end(&plain));
}
