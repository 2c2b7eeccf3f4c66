# bash completion for mailwarden(8): the program itself knows what fits, from the same
# tables by which it reads its options
_mailwarden() {
	local cur=${COMP_WORDS[COMP_CWORD]} words=("${COMP_WORDS[@]:1:COMP_CWORD}")
	mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" complete "${words[@]/#\~\//$HOME/}" 2>/dev/null)
	[ "$cur" != = ] || cur=
	case ${COMPREPLY[0]-} in
	:file) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	:dir) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	:user)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur")
		return
		;;
	*=)
		compopt -o nospace 2>/dev/null # a value follows
		return
		;;
	*) return ;;
	esac
	compopt -o filenames 2>/dev/null
}
complete -F _mailwarden mailwarden
