#include "dossier/texts.h"

#include "judge/catalogue.h"

#include <stddef.h>

/* The English ones are the catalogue's. */
static const struct {
	const char *title;
	const char *remedy;
} FRENCH[FINDING_COUNT] = {
	[FINDING_SENDER_ILLEGITIMATE] = {"Courriel émis par un hôte qu'aucune ligne "
					 "n'autorise à émettre",
		"Identifier l'hôte. Un serveur légitime reçoit une ligne avec un "
		"responsable et un ticket ; tout autre est bloqué au pare-feu et "
		"examiné : un logiciel malveillant qui envoie du courriel se présente "
		"ainsi."},
	[FINDING_SENDER_ATTEMPT] = {"Tentative vers un port de messagerie qu'aucune "
				    "ligne n'autorise",
		"Vérifier que le pare-feu la bloque et la journalise, puis chercher ce "
		"qui, sur la source, veut joindre des serveurs de messagerie. Une "
		"ligne avec `probe: yes` déclare sa propre supervision."},
	[FINDING_FLOW_ILLEGITIMATE] = {"Accès à la messagerie qu'aucune ligne "
				       "n'autorise",
		"Établir qui lit quelle boîte depuis cet endroit ; déclarer le flux ou "
		"le bloquer."},
	[FINDING_FLOW_ROLE_MISMATCH] = {"Flux contraire au rôle de ses extrémités",
		"Vérifier que le serveur ne fait que son métier et que son groupe est "
		"bien déclaré. Un serveur entrant qui émet vers l'extérieur sert "
		"peut-être de relais à autrui."},
	[FINDING_PORT_UNUSUAL] = {"Protocole de messagerie sur un port non déclaré",
		"Déclarer le port dans la ligne (`ports:`) s'il est voulu ; sinon, y "
		"voir une tentative de contourner le filtrage par port."},
	[FINDING_PORT_FOREIGN] = {"Autre chose que du courriel sur un port de "
				  "messagerie",
		"Nommer le programme aux deux extrémités. À la passerelle, filtrer par "
		"protocole et non par port."},
	[FINDING_SMTPS_IMPLICIT] =
		{"SMTP en TLS implicite là où il n'a pas lieu d'être",
			"Désactiver ou bloquer le port 465 entre serveurs. Pour les "
			"utilisateurs, le déclarer dans une ligne ou choisir "
			"`profile: rfc8314`."},
	[FINDING_TLS_MISSING] = {"Contenu en clair là où la ligne demande TLS",
		"Activer TLS aux deux extrémités et l'y exiger ; sinon, corriger la "
		"ligne, avec un responsable et une échéance."},
	[FINDING_TLS_CREDENTIALS_CLEAR] =
		{"Secret d'authentification transmis en clair",
			"Changer le mot de passe. Faire refuser par le serveur "
			"l'authentification avant TLS et corriger le client."},
	[FINDING_TLS_STARTTLS_NOT_OFFERED] = {"STARTTLS n'est pas proposé",
		"Activer STARTTLS sur le serveur ; s'il l'est, chercher un équipement "
		"intermédiaire qui le retire."},
	[FINDING_TLS_STARTTLS_REFUSED] = {"STARTTLS demandé et refusé",
		"Lire le journal du serveur : certificat, clé ou droits manquants le "
		"plus souvent."},
	[FINDING_TLS_STARTTLS_UNUSED] = {"STARTTLS proposé et non utilisé",
		"Configurer le client pour qu'il utilise STARTTLS chaque fois qu'il "
		"est "
		"proposé."},
	[FINDING_TLS_STARTTLS_STRIPPED] = {"STARTTLS retiré sur le chemin",
		"Chercher sur ce chemin l'équipement qui le retire (pare-feu, "
		"antivirus) ou celui qui s'y est placé ; exiger TLS d'ici là."},
	[FINDING_TLS_STARTTLS_INJECTION] = {"Données en clair glissées derrière "
					    "STARTTLS",
		"Mettre à jour le serveur et le client ; examiner l'émetteur : un "
		"logiciel honnête ne fait pas cela."},
	[FINDING_TLS_VERSION_OBSOLETE] = {"Version de TLS obsolète",
		"Désactiver SSL 3.0, TLS 1.0 et TLS 1.1 ; accepter TLS 1.2 et "
		"privilégier TLS 1.3."},
	[FINDING_TLS_CIPHER_WEAK] = {"Suite cryptographique faible",
		"Ordonner les suites du serveur : ECDHE avec AES-GCM ou ChaCha20 "
		"d'abord, les faibles désactivées."},
	[FINDING_TLS_CERTIFICATE_EXPIRED] = {"Certificat du serveur hors de sa période "
					     "de validité",
		"Renouveler le certificat et automatiser le renouvellement."},
	[FINDING_TLS_CERTIFICATE_EXPIRING] =
		{"Certificat du serveur qui expire sous 30 "
		 "jours",
			"Le renouveler dès maintenant."},
	[FINDING_TLS_CERTIFICATE_SELF_SIGNED] = {"Certificat du serveur auto-signé",
		"Le faire émettre par une autorité à laquelle les clients se fient."},
	[FINDING_TLS_CERTIFICATE_NAME_MISMATCH] = {"Certificat du serveur au nom d'un "
						   "autre",
		"Ajouter le nom au certificat ou corriger le nom du serveur chez le "
		"client."},
	[FINDING_TLS_CERTIFICATE_WEAK_KEY] = {"Clé ou signature faible dans le "
					      "certificat du serveur",
		"Émettre un nouveau certificat avec une nouvelle clé."},
	[FINDING_TLS_CLIENT_CERTIFICATE_MISSING] = {"Pas de certificat client là où la "
						    "ligne en demande un",
		"Le faire exiger par le serveur et installer un certificat chez le "
		"client."},
	[FINDING_REQUIRETLS_CLEAR] = {"REQUIRETLS demandé sur un canal en clair",
		"Corriger le serveur émetteur ; il ne doit pas employer ce paramètre "
		"hors de TLS."},
	[FINDING_ZONE_MAILBOX_MISPLACED] = {"Serveur de boîtes aux lettres hors de la "
					    "zone interne",
		"Ramener le serveur dans la zone interne et ne l'exposer qu'au travers "
		"de la passerelle."},
	[FINDING_ZONE_USER_ACCESS_EXPOSED] = {"Accès des utilisateurs exposé à "
					      "Internet",
		"Fermer cet accès au pare-feu et faire passer les utilisateurs nomades "
		"par le VPN."},
	[FINDING_RELAY_CHAINED] = {"Relais interne enchaîné à un serveur exposé",
		"Ne laisser le relais parler qu'aux serveurs internes déclarés et aux "
		"serveurs sortant et entrant de la passerelle."},
	[FINDING_GATEWAY_SEND_RECEIVE_MIXED] = {"Serveur de passerelle qui émet et "
						"reçoit à la fois",
		"Séparer la passerelle en un serveur sortant et un serveur entrant."},
	[FINDING_HEADER_INTERNAL_LEAK] = {"Adresses internes dans les en-têtes du "
					  "courriel sortant",
		"Faire retirer ou réécrire par le serveur sortant les en-têtes "
		"Received "
		"et semblables qui parlent de l'intérieur."},
	[FINDING_AUTHENTICATION_MISSING] = {"Courriel sans trace de SPF, DKIM ni DMARC",
		"Vérifier le filtre du serveur entrant (SPF, DKIM, DMARC) et la "
		"signature du serveur sortant."},
	[FINDING_SENDER_MX_LOOKUP] = {"Recherche de serveurs de messagerie par un hôte "
				      "qui n'en est pas un",
		"Trouver le programme. Ne laisser demander les MX qu'aux serveurs de "
		"messagerie et aux résolveurs ; déclarer les résolveurs (rôle "
		"resolver)."},
	[FINDING_TLS_CERTIFICATE_CHANGING] = {"Certificat du serveur qui change selon "
					      "le client",
		"Comparer les empreintes (`mailwarden servers`) avec les certificats "
		"du "
		"serveur lui-même."},
	[FINDING_EVASION_AMBIGUOUS] = {"Octets qui se lisent de deux façons",
		"Examiner l'émetteur : trouver le programme qui a fabriqué ces "
		"paquets. "
		"Juger le flux sur ce que le serveur a répondu, non sur ce que le "
		"client semble avoir dit."},
	[FINDING_TUNNEL_MAIL] = {"Courriel dans un tunnel non déclaré",
		"Trouver qui a monté ce tunnel. S'il est celui du site, le déclarer "
		"dans la matrice (`tunnels:`) ; sinon, le bloquer."},
	[FINDING_SMTP_SMUGGLING] = {"Commandes cachées derrière une fin de message "
				    "singulière",
		"Faire refuser aux deux serveurs LF et CR isolés (Postfix : "
		"smtpd_forbid_bare_newline) et chercher ce qui était caché."},
	[FINDING_SENDER_OWN_DOMAIN_OUTSIDE] = {"Courriel d'un domaine propre venu d'un "
					       "hôte inconnu",
		"Trouver cet hôte. S'il émet pour l'entité, l'inscrire dans `senders` "
		"du domaine, s'il fait suivre, dans `forwarders` ; sinon le message "
		"est contrefait : faire refuser par le serveur entrant ce qui échoue "
		"à SPF et DMARC, les domaines propres d'abord."},
	[FINDING_SENDER_FOREIGN_DOMAIN_OUT] = {"Courriel d'un domaine étranger émis "
					       "vers Internet",
		"Trouver qui l'a remis : relais ouvert, compte usurpé, ou courriel que "
		"l'on fait suivre sans en réécrire l'expéditeur. Le réécrire (SRS), ou "
		"déclarer le domaine (`own: no`) ou le serveur (`forwarders`)."},
	[FINDING_CONTENT_UNCHECKED] = {"Courriel sans trace de l'analyse du contenu",
		"Vérifier que le filtre (antivirus, antipourriel) tourne, qu'il voit "
		"chaque message, que personne n'en est dispensé, et ce qu'il laisse "
		"passer quand il est en panne."},
	[FINDING_SENDER_LISTED] = {"Extrémité d'un flux inscrite sur une liste",
		"Regarder l'entrée (`mailwarden list lookup`). Une extrémité inscrite "
		"à tort va sur une liste `allow` ; en coupure, `--action "
		"sender.listed=refuse` refuse les expéditeurs inscrits."},
	[FINDING_AUDIT_RELAY_UNDECLARED] = {"Hôte non déclaré qui émet au nom d'un "
					    "domaine propre",
		"Trouver qui c'est : un service acheté, un serveur web, un ancien "
		"relais. Le déclarer, ou le retirer du SPF du domaine."},
	[FINDING_AUDIT_SIGNER_UNDECLARED] = {"Courriel signé par un domaine propre et "
					     "venu d'ailleurs",
		"Nommer la source. Un réexpéditeur se donne avec `--forwarder` ; un "
		"service qui signe est déclaré, et publié dans le SPF ; sinon la clé "
		"est révoquée."},
	[FINDING_AUDIT_TLS_FAILING] = {"TLS vers le site en échec, selon les émetteurs",
		"Regarder la nature des échecs : certificat échu ou d'un autre nom, "
		"enregistrements TLSA en retard sur le certificat, politique qui "
		"nomme d'autres serveurs, STARTTLS perdu en route."},
};

const char *texts_finding_title(enum texts_language language, enum finding finding)
{
	return language == TEXTS_FRENCH ? FRENCH[finding].title
					: finding_row(finding)->signature;
}

const char *texts_finding_remedy(enum texts_language language, enum finding finding)
{
	return language == TEXTS_FRENCH ? FRENCH[finding].remedy
					: finding_row(finding)->action;
}
