"""The rig's own words on the participant's screen, by language. A study's own texts come from its protocol file."""

from collections.abc import Mapping
from typing import NamedTuple


class PageWords(NamedTuple):
    """What pages say by themselves."""

    go_on: str = "Press SPACE to go on"
    rest: str = "Break"
    rest_left: str = "The next block can be started in {seconds} s"
    pause: str = "Pause"
    quit: str = "End the session now?"
    quit_keys: str = "Y: end     N: go on"
    choose: str = "Up and down, then RETURN, or click"
    number: str = "Type a number, then RETURN"
    text: str = "Type, then RETURN"
    yes_no: str = "Y: yes     N: no"
    yes: str = "y"
    no: str = "n"
    needed: str = "Please answer first"
    not_a_number: str = "Please type a number"
    outside: str = "Please give a number between {low:g} and {high:g}"
    aim: str = "Where are you aiming?"
    aim_keys: str = "Turn with left and right, then RETURN"


ENGLISH = PageWords()

GERMAN = PageWords(
    go_on="Weiter mit der LEERTASTE",
    rest="Pause",
    rest_left="Der nächste Block kann in {seconds} s beginnen",
    pause="Unterbrechung",
    quit="Sitzung jetzt beenden?",
    quit_keys="J: beenden     N: weiter",
    choose="Pfeiltasten und EINGABE, oder anklicken",
    number="Zahl eingeben, dann EINGABE",
    text="Eingeben, dann EINGABE",
    yes_no="J: ja     N: nein",
    yes="j",
    no="n",
    needed="Bitte erst antworten",
    not_a_number="Bitte eine Zahl eingeben",
    outside="Bitte eine Zahl zwischen {low:g} und {high:g} eingeben",
    aim="Wohin zielen Sie?",
    aim_keys="Mit links und rechts drehen, dann LEERTASTE",
)

SPANISH = PageWords(
    go_on="Pulse la barra espaciadora para seguir",
    rest="Descanso",
    rest_left="El siguiente bloque podrá empezar en {seconds} s",
    pause="En pausa",
    quit="¿Terminar ahora la sesión?",
    quit_keys="S: terminar     N: seguir",
    choose="Flechas e INTRO, o un clic",
    number="Escriba un número y pulse INTRO",
    text="Escriba y pulse INTRO",
    yes_no="S: sí     N: no",
    yes="s",
    no="n",
    needed="Responda primero, por favor",
    not_a_number="Escriba un número, por favor",
    outside="Dé un número entre {low:g} y {high:g}, por favor",
    aim="¿Hacia dónde apunta?",
    aim_keys="Gire con izquierda y derecha y pulse la barra espaciadora",
)

_LANGUAGES = {"en": ENGLISH, "de": GERMAN, "es": SPANISH}
_FROM_PROTOCOL = {"go_on": "continue", "rest": "break", "pause": "paused", "aim": "aim_report"}  # ours: key of a protocol's texts


def page_words(language: str, texts: Mapping[str, str] | None = None) -> PageWords:
    """The words of a language ("en", "de", "de-AT"); English for one that the rig doesn't speak. A protocol's own texts come first."""
    words = _LANGUAGES.get(language.lower().replace("_", "-").split("-")[0], ENGLISH)
    return words._replace(**{ours: texts[key] for ours, key in _FROM_PROTOCOL.items() if texts and key in texts})
