#include "audit/https_fetch.h"

#include "base/arena.h"
#include "base/library.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define AUTHORITIES_BYTES_MAX ((size_t)4 << 20)
#define ADDRESSES_MAX         8 /* of one host */
/* Loaded by who asks alone: with it come sixteen others that no sensor needs. */
#define LIBRARY          "libcurl.so.4"
#define STATUS_OK        200
#define STATUS_REDIRECTS 300
#define STATUS_CLIENT    400
#define STATUS_SERVER    500

/* What is called of the library: "curl_" before each name. */
struct calls {
	__typeof__(&curl_global_init) global_init;
	__typeof__(&curl_slist_append) slist_append;
	__typeof__(&curl_slist_free_all) slist_free_all;
	__typeof__(&curl_easy_init) easy_init;
	__typeof__(&curl_easy_setopt) easy_setopt;
	__typeof__(&curl_easy_perform) easy_perform;
	__typeof__(&curl_easy_getinfo) easy_getinfo;
	__typeof__(&curl_easy_strerror) easy_strerror;
	__typeof__(&curl_easy_cleanup) easy_cleanup;
};

static const struct library_call CALLS[] = {
	{"curl_global_init", offsetof(struct calls, global_init)},
	{"curl_slist_append", offsetof(struct calls, slist_append)},
	{"curl_slist_free_all", offsetof(struct calls, slist_free_all)},
	{"curl_easy_init", offsetof(struct calls, easy_init)},
	{"curl_easy_setopt", offsetof(struct calls, easy_setopt)},
	{"curl_easy_perform", offsetof(struct calls, easy_perform)},
	{"curl_easy_getinfo", offsetof(struct calls, easy_getinfo)},
	{"curl_easy_strerror", offsetof(struct calls, easy_strerror)},
	{"curl_easy_cleanup", offsetof(struct calls, easy_cleanup)},
};

struct https_client {
	struct calls curl;
	struct reason missing; /* why the library cannot be called, or empty */
	char *authorities;     /* list_new; as a file of PEM has them, or NULL */
	size_t authorities_len;
	unsigned timeout_s;
	char type[128];
	char error[CURL_ERROR_SIZE];
	size_t len;
	uint8_t body[HTTPS_BYTES_MAX];
};

static bool load_curl(struct calls *calls, struct reason *why)
{
	return library_load(
		       LIBRARY, CALLS, sizeof(CALLS) / sizeof(CALLS[0]), calls, why) &&
	       (calls->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ||
		       reason_set(why, "%s does not start", LIBRARY));
}

static bool read_authorities(
	struct https_client *client, const char *path, struct reason *why)
{
	FILE *file = fopen(path, "re");
	if (!file) {
		return reason_set(why, "cannot open %s: %s", path, strerror(errno));
	}
	client->authorities = list_new(AUTHORITIES_BYTES_MAX, 1);
	client->authorities_len =
		fread(client->authorities, 1, AUTHORITIES_BYTES_MAX, file);
	const bool is_whole = feof(file) && !ferror(file);
	(void)fclose(file);
	return is_whole || reason_set(why, "cannot read %s, or it is too long", path);
}

struct https_client *https_client_new(
	const char *authorities, unsigned timeout_s, struct reason *why)
{
	struct https_client *client = list_new(1, sizeof(*client));
	client->timeout_s = timeout_s;
	(void)load_curl(&client->curl, &client->missing);
	if (!authorities || read_authorities(client, authorities, why)) {
		return client;
	}
	https_client_free(client);
	return NULL;
}

void https_client_free(struct https_client *client)
{
	if (client) {
		list_free(client->authorities);
		list_free(client);
	}
}

/* As much as there is room for; less than it got tells the library to stop. */
static size_t take(char *bytes, size_t size, size_t count, void *context)
{
	struct https_client *client = context;
	const size_t len = size * count;
	if (len > sizeof(client->body) - client->len) {
		return 0;
	}
	memcpy(client->body + client->len, bytes, len);
	client->len += len;
	return len;
}

/* "host:443:192.0.2.1,[2001:db8::1]": the library asks no name server then. */
static struct curl_slist *places(
	const struct calls *call, const struct https_request *request)
{
	char text[512];
	char address[ADDRESS_TEXT_BYTES];
	size_t len = (size_t)snprintf(
		text, sizeof(text), "%.255s:%d:", request->host, HTTPS_PORT);
	for (size_t i = 0; i < request->address_count && i < ADDRESSES_MAX &&
			   len + ADDRESS_TEXT_BYTES + 4 < sizeof(text);
		i++) {
		const bool is_ipv4 = address_is_ipv4(&request->addresses[i]);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s%s%s",
			i > 0 ? "," : "", is_ipv4 ? "" : "[",
			address_text(&request->addresses[i], address),
			is_ipv4 ? "" : "]");
	}
	return call->slist_append(NULL, text);
}

/* False: an option that the library at hand does not have. */
static bool set_limits(CURL *curl, const struct https_client *client)
{
	const struct calls *call = &client->curl;
	const long timeout_ms = (long)client->timeout_s * 1000;
	struct curl_blob authorities = {.data = client->authorities,
		.len = client->authorities_len,
		.flags = CURL_BLOB_NOCOPY};
	return call->easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
	       call->easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       call->easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
	       call->easy_setopt(curl, CURLOPT_HTTP_VERSION,
		       (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
	       call->easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
	       call->easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       call->easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK &&
	       call->easy_setopt(curl, CURLOPT_CAINFO_BLOB, &authorities) == CURLE_OK;
}

static bool set_request(CURL *curl, struct https_client *client, const char *url,
	struct curl_slist *where)
{
	const struct calls *call = &client->curl;
	return call->easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
	       call->easy_setopt(curl, CURLOPT_RESOLVE, where) == CURLE_OK &&
	       call->easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error) ==
		       CURLE_OK &&
	       call->easy_setopt(curl, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
	       call->easy_setopt(curl, CURLOPT_WRITEDATA, client) == CURLE_OK;
}

static long status_of(CURL *curl, const struct https_client *client)
{
	long status = 0;
	(void)client->curl.easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static void tell_status(CURL *curl, struct https_client *client,
	const struct https_request *request, struct https_answer *answer)
{
	const struct calls *call = &client->curl;
	const long status = status_of(curl, client);
	const char *to = NULL;
	const char *type = NULL;
	(void)call->easy_getinfo(curl, CURLINFO_REDIRECT_URL, &to);
	(void)call->easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	answer->outcome = status == STATUS_OK      ? HTTPS_FOUND
			  : status < STATUS_SERVER ? HTTPS_WRONG
						   : HTTPS_FAILED;
	if (status >= STATUS_REDIRECTS && status < STATUS_CLIENT) {
		(void)reason_set(&answer->why,
			"%.100s redirects to %.60s, which no sender follows (RFC 8461, "
			"section 3.3)",
			request->host, to ? to : "another place");
	} else {
		(void)reason_set(&answer->why, "%.100s answers with status %ld",
			request->host, status);
	}
	(void)snprintf(client->type, sizeof(client->type), "%s", type ? type : "");
	answer->type = client->type;
	answer->body = (struct text){client->body, client->len};
}

static void tell_failure(const struct https_client *client, CURLcode code,
	const struct https_request *request, struct https_answer *answer)
{
	const char *words = client->error[0] != '\0' ? client->error
						     : client->curl.easy_strerror(code);
	answer->outcome = HTTPS_FAILED;
	if (code == CURLE_PEER_FAILED_VERIFICATION) {
		answer->outcome = HTTPS_WRONG;
	} else if (code == CURLE_WRITE_ERROR) {
		answer->outcome = HTTPS_WRONG;
		words = "the document is longer than 65536 bytes";
	}
	(void)reason_set(&answer->why, "%.100s: %.140s", request->host, words);
}

static void ask(struct https_client *client, CURL *curl, struct curl_slist *where,
	const struct https_request *request, struct https_answer *answer)
{
	char url[512];
	(void)snprintf(
		url, sizeof(url), "https://%.255s%.200s", request->host, request->path);
	if (!curl || !where || !set_limits(curl, client) ||
		!set_request(curl, client, url, where)) {
		answer->outcome = HTTPS_FAILED;
		(void)reason_set(&answer->why,
			"libcurl here lacks an option that requests need");
		return;
	}
	const CURLcode code = client->curl.easy_perform(curl);
	/* of what is too long the status says whether it is the document */
	const bool is_long = code == CURLE_WRITE_ERROR;
	if (code == CURLE_OK || (is_long && status_of(curl, client) != STATUS_OK)) {
		tell_status(curl, client, request, answer);
	} else {
		tell_failure(client, code, request, answer);
	}
}

static void fetch(
	void *context, const struct https_request *request, struct https_answer *answer)
{
	struct https_client *client = context;
	*answer = (struct https_answer){.outcome = HTTPS_FAILED, .type = ""};
	client->len = 0;
	client->error[0] = '\0';
	const bool is_missing = client->missing.text[0] != '\0';
	if (!client->authorities || is_missing) {
		(void)reason_set(&answer->why, "%s",
			is_missing ? client->missing.text
				   : "no authorities are known here (--ca-file)");
		return;
	}
	const struct calls *call = &client->curl;
	CURL *curl = call->easy_init();
	struct curl_slist *where = places(call, request);
	ask(client, curl, where, request, answer);
	call->slist_free_all(where);
	call->easy_cleanup(curl);
}

struct https_fetcher https_client_of(struct https_client *client)
{
	return (struct https_fetcher){fetch, client};
}
