#include "analyze/http_sign.h"

#include "classify/traits.h"

#include <string.h>

static bool is_among(struct text name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (text_is(name, names[i])) {
			return true;
		}
	}
	return false;
}

static bool contains_one(struct text value, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (traits_contains(value, words[i])) {
			return true;
		}
	}
	return false;
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool is_exchange_s_own(struct text name)
{
	static const char *const NAMES[] = {"x-feserver", "x-beserver", "x-besku",
		"x-diaginfo", "x-owa-version", "x-owa-diagnosticsinfo",
		"x-calculatedbetarget", "x-calculatedfetarget", "x-mapihttpcapability",
		"x-requesttype", "x-responsecode", "x-serverapplication",
		"x-aspnet-version", "ms-server-activesync", "ms-asprotocolversions",
		"x-ms-diagnostics"};
	return is_among(name, NAMES, COUNT(NAMES));
}

/* What programs and appliances serve with that stand in front of nobody's Exchange. */
static enum http_sign sign_of_server(struct text value)
{
	static const char *const OWN[] = {"Microsoft-IIS", "Microsoft-HTTPAPI"};
	static const char *const OTHERS[] = {"gunicorn", "Werkzeug", "uvicorn",
		"hypercorn", "SimpleHTTP", "BaseHTTP", "WSGIServer", "waitress",
		"CherryPy", "TornadoServer", "Python/", "aiohttp", "Zope", "Coyote",
		"Jetty", "WildFly", "GlassFish", "WEBrick", "Puma", "Mongrel", "Cowboy",
		"GoAhead", "Boa/", "mini_httpd", "thttpd", "micro_httpd", "uc-httpd",
		"RomPager", "Allegro", "Virata", "Hikvision", "App-webs", "Mbedthis",
		"Embedthis", "Appweb", "CUPS"};
	if (contains_one(value, OWN, COUNT(OWN))) {
		return HTTP_SIGN_EXCHANGE;
	}
	return contains_one(value, OTHERS, COUNT(OTHERS)) ? HTTP_SIGN_OTHER
							  : HTTP_SIGN_NONE;
}

/* "ASP.NET", "ARR/3.0" of a proxy of IIS; "PHP/8.2", "Express", "Servlet/4.0". */
static enum http_sign sign_of_power(struct text value)
{
	if (text_starts(value, "ASP.NET")) {
		return HTTP_SIGN_EXCHANGE;
	}
	return value.len > 0 && !text_starts(value, "ARR") ? HTTP_SIGN_OTHER
							   : HTTP_SIGN_NONE;
}

static enum http_sign sign_of_cookie(struct text value)
{
	static const char *const OWN[] = {
		"exchangecookie=", "X-BackEndCookie=", "OutlookSession=", "cadata="};
	static const char *const OTHERS[] = {
		"PHPSESSID=", "JSESSIONID=", "connect.sid=", "laravel_session="};
	for (size_t i = 0; i < COUNT(OWN); i++) {
		if (text_starts(value, OWN[i])) {
			return HTTP_SIGN_EXCHANGE;
		}
	}
	for (size_t i = 0; i < COUNT(OTHERS); i++) {
		if (text_starts(value, OTHERS[i])) {
			return HTTP_SIGN_OTHER;
		}
	}
	return HTTP_SIGN_NONE;
}

/*
 * MAPI is binary and web services are SOAP, whoever serves them: an interface of JSON is
 * another's.
 */
static enum http_sign sign_of_type(struct text value, enum protocol claimed)
{
	if (text_starts(value, "application/mapi-http") ||
		text_starts(value, "application/vnd.ms-sync") ||
		(claimed == PROTOCOL_EWS && text_starts(value, "text/xml"))) {
		return HTTP_SIGN_EXCHANGE;
	}
	const bool is_never_json =
		claimed == PROTOCOL_MAPI_HTTP || claimed == PROTOCOL_EWS;
	return is_never_json && text_starts(value, "application/json") ? HTTP_SIGN_OTHER
								       : HTTP_SIGN_NONE;
}

/* Exchange names the issuers it trusts beside Bearer: MS-OAUTH2EX section 3.2.5. */
static enum http_sign sign_of_challenge(struct text value)
{
	if (text_starts(value, "NTLM") || text_starts(value, "Negotiate") ||
		traits_contains(value, "trusted_issuers=")) {
		return HTTP_SIGN_EXCHANGE;
	}
	return text_starts(value, "Bearer") ? HTTP_SIGN_OTHER : HTTP_SIGN_NONE;
}

enum http_sign http_sign_of_field(struct text line, enum protocol claimed)
{
	const uint8_t *colon = memchr(line.at, ':', line.len);
	if (!colon) {
		return HTTP_SIGN_NONE;
	}
	const struct text name = {line.at, (size_t)(colon - line.at)};
	const struct text value =
		text_trim((struct text){colon + 1, line.len - name.len - 1});
	if (is_exchange_s_own(name)) {
		return HTTP_SIGN_EXCHANGE;
	}
	if (text_is(name, "server")) {
		return sign_of_server(value);
	}
	if (text_is(name, "x-powered-by")) {
		return sign_of_power(value);
	}
	if (text_is(name, "set-cookie")) {
		return sign_of_cookie(value);
	}
	if (text_is(name, "content-type")) {
		return sign_of_type(value, claimed);
	}
	return text_is(name, "www-authenticate") ? sign_of_challenge(value)
						 : HTTP_SIGN_NONE;
}
