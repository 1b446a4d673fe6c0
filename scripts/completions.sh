#!/bin/sh
# Prints completions for bash, zsh or fish, made from the program's own table of options.
# usage: completions.sh PROGRAM bash|zsh|fish
set -eu
prog=$1
shell=$2
# command, long, letter, plus, argument, help; then "command <tab> summary"
table=$("$prog" --dump-options)
commands=$("$prog" --help | sed -n 's/^  \([a-z]*\)  *\(.*\)/\1	\2/p')
findings=$("$prog" explain --list | awk '{ print $2 }' | tr '\n' ' ')

printf '%s\n===\n%s\n===\n%s\n' "$commands" "$table" "$findings" | awk -F '\t' -v shell="$shell" '
function quote(text) { gsub(/\x27/, "\x27\\\x27\x27", text); return "\x27" text "\x27" }
# zsh: what has a meaning inside of a specification
function plain(text) {
    gsub(/\[/, "(", text)
    gsub(/\]/, ")", text)
    gsub(/:/, " ", text)
    return text
}
function has_arg(arg) { return arg != "-" && arg !~ /^\[/ }
# What is completed behind an option.
function kind(long, arg) {
    if (arg ~ /FILE|SCENARIO|LIST|CSV|LOG/) return "file"
    if (arg == "IF") return "interface"
    if (long == "--fail-on") return "severity"
    return has_arg(arg) ? "other" : ""
}
# Both names of an option, each behind a bar.
function names(long, letter) {
    return (long != "-" ? "|" long : "") (letter != "-" ? "|-" letter : "")
}
/^===$/ { part++; next }
part == 0 { name[++n] = $1; summary[$1] = $2; next }
part == 1 {
    c = $1
    words = ""
    if ($2 != "-") words = words " " $2
    if ($3 != "-") words = words " -" $3
    if ($4 != "-") words = words " " $4
    all[c] = all[c] words
    taken[c, kind($2, $5)] = taken[c, kind($2, $5)] names($2, $3)
    option[c, ++count[c]] = $0
    next
}
{ finding = $0; graded = "error warning notice info " $0 }
END {
    if (shell == "bash") bash(); else if (shell == "zsh") zsh(); else fish()
}
function bash(   i, c) {
    print "# bash completion for nsprobe; made by scripts/completions.sh"
    print "_nsprobe() {"
    print "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}"
    print "    local words= files= interfaces= severities= others="
    print "    COMPREPLY=()"
    printf "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W \""
    for (i = 1; i <= n; i++) printf "%s ", name[i]
    print "--help --version\" -- \"$cur\"))\n        return\n    fi"
    print "    case ${COMP_WORDS[1]} in"
    for (i = 1; i <= n; i++) {
        c = name[i]
        printf "    %s)\n        words=\"%s --help\"\n", c, substr(all[c], 2)
        printf "        files=\"%s|\"\n", taken[c, "file"]
        printf "        interfaces=\"%s|\"\n", taken[c, "interface"]
        printf "        severities=\"%s|\"\n", taken[c, "severity"]
        printf "        others=\"%s|\"\n        ;;\n", taken[c, "other"]
    }
    print "    esac"
    print "    case $files in *\"|$prev|\"*) COMPREPLY=($(compgen -f -- \"$cur\")); return ;; esac"
    print "    case $interfaces in *\"|$prev|\"*)"
    print "        COMPREPLY=($(compgen -W \"any $(ls /sys/class/net 2>/dev/null)\" -- \"$cur\")); return ;;"
    print "    esac"
    print "    case $severities in *\"|$prev|\"*)"
    printf "        COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")); return ;;\n", graded
    print "    esac"
    print "    case $others in *\"|$prev|\"*) return ;; esac"
    print "    case $cur in"
    print "    -* | +*) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;;"
    print "    *)"
    print "        case ${COMP_WORDS[1]} in"
    printf "        explain) COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")) ;;\n", finding
    print "        serve | replay) COMPREPLY=($(compgen -f -- \"$cur\")) ;;"
    print "        torture) COMPREPLY=($(compgen -c -- \"$cur\")) ;;"
    print "        esac"
    print "        ;;"
    print "    esac"
    print "}"
    print "complete -F _nsprobe nsprobe"
}
function zsh_action(what) {
    if (what == "file") return "_files"
    if (what == "interface") return "_net_interfaces"
    return what == "severity" ? "(" graded ")" : ""
}
function zsh(   i, k, c, f, arg) {
    print "#compdef nsprobe"
    print "# zsh completion for nsprobe; made by scripts/completions.sh"
    print "_nsprobe() {"
    print "    local -a subcommands" # zsh itself has an array "commands"
    print "    if (( CURRENT == 2 )); then\n        subcommands=("
    for (i = 1; i <= n; i++) print "            " quote(name[i] ":" plain(summary[name[i]]))
    print "        )\n        _describe command subcommands\n        return\n    fi"
    print "    local command=$words[2]\n    shift words\n    (( CURRENT-- ))"
    print "    case $command in"
    for (i = 1; i <= n; i++) {
        c = name[i]
        print "    " c ")\n        _arguments \\"
        for (k = 1; k <= count[c]; k++) {
            split(option[c, k], f, "\t")
            arg = f[5] == "-" ? "" : ":" plain(f[5]) ":" zsh_action(kind(f[2], f[5]))
            if (f[2] != "-") print "            " quote("*" f[2] "[" plain(f[6]) "]" arg) " \\"
            if (f[3] != "-") print "            " quote("*-" f[3] "[" plain(f[6]) "]" arg) " \\"
            if (f[4] != "-")
                print "            " quote("*" f[4] (has_arg(f[5]) ? "=-" : "") "[" plain(f[6]) "]" arg) " \\"
        }
        if (c == "explain") print "            " quote("*:finding:(" finding ")")
        else if (c == "torture") print "            " quote("1:client: _command_names -e") " \\\n            " quote("*:argument:_files")
        else print "            " quote("*:word:" (c == "serve" || c == "replay" ? "_files" : ""))
        print "        ;;"
    }
    print "    esac\n}\n_nsprobe \"$@\""
}
function fish(   i, k, c, f, what) {
    print "# fish completion for nsprobe; made by scripts/completions.sh"
    print "complete -c nsprobe -f"
    for (i = 1; i <= n; i++)
        print "complete -c nsprobe -n __fish_use_subcommand -a " name[i] " -d " quote(summary[name[i]])
    for (i = 1; i <= n; i++) {
        c = name[i]
        for (k = 1; k <= count[c]; k++) {
            split(option[c, k], f, "\t")
            if (f[4] != "-")
                print "complete -c nsprobe -n " quote("__fish_seen_subcommand_from " c) " -a " f[4] \
                    (has_arg(f[5]) ? "=" : "") " -d " quote(f[6])
            if (f[2] == "-" && f[3] == "-") continue
            printf "complete -c nsprobe -n %s", quote("__fish_seen_subcommand_from " c)
            if (f[2] != "-") printf " -l %s", substr(f[2], 3)
            if (f[3] != "-") printf " -s %s", f[3]
            what = kind(f[2], f[5])
            if (what == "file") printf " -r -F"
            else if (what == "interface") printf " -x -a %s", quote("any (ls /sys/class/net 2>/dev/null)")
            else if (what == "severity") printf " -x -a %s", quote(graded)
            else if (what != "") printf " -x"
            print " -d " quote(f[6])
        }
    }
    print "complete -c nsprobe -n \x27__fish_seen_subcommand_from explain\x27 -a " quote(finding)
    print "complete -c nsprobe -n \x27__fish_seen_subcommand_from serve replay\x27 -F"
    print "complete -c nsprobe -n \x27__fish_seen_subcommand_from torture\x27 -a \x27(__fish_complete_command)\x27"
}'
