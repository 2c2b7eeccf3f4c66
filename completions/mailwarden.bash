# bash completion for mailwarden(8)
_mailwarden() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} options=
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "run status ship fleet unban export replay check explain servers catalogue --help --version" -- "$cur")
		return
	fi
	case $prev in
	--checksums)
		case ${COMP_WORDS[1]} in
		run) options="yes no" ;;
		*) options="verify ignore" ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
		return
		;;
	--table | --host | --top) return ;;
	esac
	case ${COMP_WORDS[1]} in
	run) options="--config --matrix --interface --queue --mode --workers --user --state-dir --host --table --silence --fold --alert-rate --ring --queue-length --action --hold --hold-ms --ban --fail-closed --checksums --ndpi --audit --enforce --help" ;;
	unban) options="--state-dir --help" ;;
	export) options="--to --inline --queue --fail-closed --matrix --help" ;;
	status) options="--state-dir --json --help" ;;
	replay) options="--matrix --json --summary --flows --journal --state --exit-code --checksums --no-ndpi --table --host --help" ;;
	check) options="--json --quiet --exit-code --config --help" ;;
	ship) options="--config --once --state-dir --journal --list --help" ;;
	fleet) options="--config --top --json --help" ;;
	explain) options="--matrix --help" ;;
	servers) options="--json --help" ;;
	catalogue) options="--markdown --json --help" ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -o filenames -F _mailwarden mailwarden
