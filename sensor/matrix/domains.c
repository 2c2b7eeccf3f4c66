#include "matrix/domains.h"

#include "matrix/compiled.h"

#include <string.h>

const struct matrix_domain *matrix_domains(const struct matrix *matrix, size_t *count)
{
	*count = matrix->domain_count;
	return matrix->domains;
}

bool matrix_has_own_domains(const struct matrix *matrix)
{
	return matrix->has_own_domains;
}

const struct matrix_domain *matrix_domain_of(
	const struct matrix *matrix, const char *domain)
{
	/* a label a step, of MATRIX_DOMAIN_BYTES at most */
	for (const char *at = domain; matrix->domain_count > 0 && *at != '\0';) {
		const uint32_t found = name_table_find(&matrix->domain_names, at);
		if (found != NAME_NONE) {
			return &matrix->domains[found];
		}
		at += strcspn(at, ".");
		at += *at == '.';
	}
	return NULL;
}

/* A domain as the first label of a name: dots are dashes there. */
static bool is_tenant_label(const struct matrix_domain *domain, struct text label)
{
	size_t at = 0;
	while (at < label.len && domain->name[at] != '\0') {
		const uint8_t letter =
			label.at[at] |
			(label.at[at] >= 'A' && label.at[at] <= 'Z' ? 0x20 : 0);
		if (letter != (domain->name[at] == '.' ? '-' : domain->name[at])) {
			return false;
		}
		at++;
	}
	return at == label.len && domain->name[at] == '\0';
}

const struct matrix_domain *matrix_domain_of_tenant(
	const struct matrix *matrix, const char *host)
{
	static const char SUFFIX[] = ".mail.protection.outlook.com";
	const size_t len = strcspn(host, ".");
	if (strcasecmp(host + len, SUFFIX) != 0) {
		return NULL;
	}
	const struct text label = {(const uint8_t *)host, len};
	for (size_t i = 0; i < matrix->domain_count; i++) { /* as the admin wrote */
		if (matrix->domains[i].is_own &&
			is_tenant_label(&matrix->domains[i], label)) {
			return &matrix->domains[i];
		}
	}
	return NULL;
}

bool matrix_is_source(const struct matrix_sources *sources,
	const struct address *address, const struct matrix_end *end)
{
	if (sources->addresses && lookup_find(sources->addresses, address)) {
		return true;
	}
	for (size_t i = 0; i < sources->group_count; i++) { /* as the admin wrote */
		if (sources->groups[i] == end->group) {
			return true;
		}
	}
	return false;
}

bool matrix_is_forwarder(const struct matrix *matrix, const struct address *address,
	const struct matrix_end *end)
{
	return matrix_is_source(&matrix->forwarders, address, end);
}
