# SPDX-License-Identifier: Apache-2.0
# Completion for bash. Commands, options and the values of lists are asked of the program itself, so that
# nothing here has to follow its option table; what an option takes is the word behind it in --help.
# shellcheck shell=bash

_sonde_commands() { # PROGRAM
	"$1" --help 2>/dev/null | sed -n 's/^usage: sonde \([a-z]*\).*/\1/p'
}

# "-p PID,...", "--pid PID,...": a line for each name of each option.
_sonde_options() { # PROGRAM COMMAND
	"$1" "$2" --help 2>/dev/null |
		sed -nE 's/^ +((-[a-zA-Z]), *)?(--[a-z-]+)( ([A-Z]+[,:.]*))?( .*)?$/\3 \5\n\2 \5/p' | grep '^-'
}

# What the program says there is when it is given nonsense.
_sonde_choices() { # PROGRAM COMMAND OPTION
	"$1" "$2" "$3" '?' 2>&1 | sed -n 's/.*there are: *//p'
}

_sonde_cgroups() { # CURRENT
	local mount
	mount=$(sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .* - cgroup2 .*/\1/p' /proc/self/mountinfo | head -n 1)
	[ -z "$mount" ] || compgen -d -- "$mount/${1#/}" | sed "s,^$mount/,,"
}

# The last of a list with commas.
_sonde_list() { # WORDS CURRENT
	local before=""
	[[ $2 != *,* ]] || before=${2%,*},
	compgen -P "$before" -W "$1" -- "${2##*,}"
}

_sonde_value() { # PROGRAM COMMAND OPTION KIND CURRENT
	case $4 in
	PID,...) _sonde_list "$(cd /proc && echo [0-9]*)" "$5" ;;
	TID,...) _sonde_list "$(cd /proc && echo [0-9]*/task/* | sed 's,[0-9]*/task/,,g')" "$5" ;;
	PID) compgen -W "$(cd /proc && echo [0-9]*)" -- "$5" ;;
	NAME) compgen -W "$(cat /proc/[0-9]*/comm 2>/dev/null | grep '^[A-Za-z0-9_.-]*$' | sort -u)" -- "$5" ;;
	PATH) _sonde_cgroups "$5" ;;
	LIST) _sonde_list "$(_sonde_choices "$1" "$2" "$3")" "$5" ;;
	EVENT | WHAT) compgen -W "$(_sonde_choices "$1" "$2" "$3")" -- "$5" ;;
	FILE | OLD) compgen -f -- "$5" ;;
	DIR | DIR:... | PREFIX:...) compgen -d -- "$5" ;;
	COMMAND) compgen -c -- "$5" ;;
	esac
}

# What stands behind the options, by the usage line: sonde report [FILE]; else the command to run.
_sonde_rest() { # PROGRAM COMMAND
	local kind
	kind=$("$1" --help 2>/dev/null | sed -n "s/^usage: sonde $2 \[*\([A-Z]\{3,\}\).*/\1/p")
	echo "${kind:-COMMAND}"
}

_sonde() {
	local program=${COMP_WORDS[0]} command=${COMP_WORDS[1]} current=${COMP_WORDS[COMP_CWORD]}
	local option=${COMP_WORDS[COMP_CWORD - 1]} options kind="" i
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_sonde_commands "$program") --help --version" -- "$current")
		return
	fi
	# --event=page: bash parts the words at "="
	if [ "$current" = = ]; then
		current=""
	elif [ "$option" = = ]; then
		option=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	options=$(_sonde_options "$program" "$command")
	for ((i = 2; i < COMP_CWORD - 1; i++)); do
		[ "${COMP_WORDS[i]}" != -- ] || kind=FILE # of the command that is run
	done
	[ -n "$kind" ] || kind=$(sed -n "s/^$option //p" <<<"$options")
	if [ -z "$kind" ] && [[ $current == -* && $option != -- ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(cut -d ' ' -f 1 <<<"$options")" -- "$current")
		return
	fi
	[ -n "$kind" ] || kind=$(_sonde_rest "$program" "$command")
	[[ $kind != FILE && $kind != OLD && $kind != DIR* && $kind != PREFIX* ]] || compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(_sonde_value "$program" "$command" "$option" "$kind" "$current")
}

complete -F _sonde sonde
