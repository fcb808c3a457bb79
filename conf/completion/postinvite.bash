# Completion of postinvite(1) for bash. Flags and what they take are read from its -h. Keys come from the store
# where one runs and lets us ask, within a second and without a word; while none runs there are none, since the
# state would have to be opened for it.

# Names of settings.
_postinvite_settings() {
	timeout 1 "$@" -p 2> /dev/null | sed -n 's/ =.*/=/p'
}

# Customer ids and mailboxes that begin with $word, 200 at most.
_postinvite_keys() {
	local socket
	socket=$(timeout 1 "$@" -p 2> /dev/null | sed -n 's/^store_listen = unix://p')
	[[ -S $socket && -w $socket ]] || return
	timeout 1 "$@" -s 2> /dev/null | word=$word awk -F '\t' '
		function offer(key) {
			if (key == "-" || key in seen)
				return
			seen[key]
			print key
			if (++n == 200)
				exit
		}
		BEGIN { word = ENVIRON["word"] }
		index($1, word) == 1 { offer($1) }
		word != "" && index($3, word) == 1 { offer($3) }'
}

_postinvite() {
	local line=${COMP_LINE:0:COMP_POINT} flags command= before= text rest breaks i
	local -a words candidates ask=("$1")
	local -A takes=()

	flags=$("$1" -h 2> /dev/null | sed -n 's/^  -\(.\) \([^ ]*\) .*/\1 \2/p')
	while read -r i text; do
		takes[${i:-none}]=$text
	done <<< "$flags"

	# The words before the one under the cursor: a command, what the last flag waits for, and which
	# configuration is meant.
	local word=${line##*[[:space:]]}
	read -ra words <<< "${line%"$word"}"
	for ((i = 1; i < ${#words[@]}; i++)); do
		text=${words[i]}
		case $before in
		config_dir) ask+=(-c "$text") ;;
		name=value) ask+=(-o "$text") ;;
		esac
		if [[ -n $before ]]; then
			before=
		elif [[ $text == -?* ]]; then
			[[ $text == *[qsdnaeVTfpPk]* ]] && command=yes
			before=${takes[${text: -1}]}
		fi
	done

	case $before in
	key) mapfile -t candidates < <(_postinvite_keys "${ask[@]}") ;;
	config_dir) mapfile -t candidates < <(compgen -d -- "$word") ;;
	name=value) mapfile -t candidates < <(_postinvite_settings "${ask[@]}") ;;
	*'|'*) IFS='|' read -ra candidates <<< "$before" ;;
	*)
		if [[ $word == -* ]]; then
			candidates=("${!takes[@]}")
			candidates=("${candidates[@]/#/-}")
		elif [[ -z $command ]]; then
			mapfile -t candidates < <(compgen -f -- "$word")
		fi
		;;
	esac
	[[ $before == name=value ]] && compopt -o nospace 2> /dev/null
	[[ $before == config_dir || -z $before ]] && compopt -o filenames 2> /dev/null

	# bash replaces no more than what is behind the last of its word breaks, or begins with the last @.
	breaks=${COMP_WORDBREAKS//[^=:]/}
	rest=$word
	[[ -n $breaks ]] && rest=${word##*[$breaks]}
	[[ $COMP_WORDBREAKS == *@* && $rest == *@* ]] && rest=@${rest##*@}
	COMPREPLY=()
	for text in "${candidates[@]}"; do
		[[ $text == "$word"* ]] || continue
		text=${text:${#word} - ${#rest}}
		[[ $before == key ]] && printf -v text %q "$text"
		COMPREPLY+=("$text")
	done
}

complete -F _postinvite postinvite
