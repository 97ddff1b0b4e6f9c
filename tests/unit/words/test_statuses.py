"""Words for where a match stands, in three languages."""

from twizzit_pipeline.words.statuses import status_of

WORDS = {
    "scheduled": "Verplaatst naar zaal 2;scheduled;planned;upcoming;gepland;Ingepland;prévu;Programmée;confirmed"
    ";Bevestigd;notStarted;not started;nog niet gespeeld;Nog te spelen;à jouer;À venir;voorlopig;Te bevestigen;draft",
    "in_progress": "in_progress;inProgress;IN PROGRESS;live;bezig;aan de gang;en cours;half-time;Rust"
    ";Verlenging;tweede helft;Mi-temps",
    "completed": "completed;played;Finished;final;full time;gespeeld;Afgelopen;beëindigd;joué;Terminé;fin de match"
    ";Gewonnen;lost;reported",
    "cancelled": "cancelled;canceled;Afgelast;afgelaste;geannuleerd;annulé;Annulée;Wedstrijd is afgelast;geschrapt"
    ";gaat niet door;AFGELAST wegens regen;Afg.;canc.;Called off: rain",
    "to_reschedule": "to_reschedule;postponed;Rescheduled;uitgesteld;verplaatst;Verzet;reporté;Match reporté;remis"
    ";Partie remise;ajourné;uitg.",
    "forfeit": "forfait;Forfeit;FF;Algemene forfait;fft;walk-over;w.o.;Forfait général;algemeen forfait;no show",
    "abandoned": "gestaakt;Staking;stopgezet;arrêté;Définitivement arrêté;abandoned;Interrompu;onderbroken;Suspended",
}
UNKNOWN = "finale;Verplaatsing met de bus;Déplacement;Staking bij de trein;Wo 20u;opening;rust in de zaal"
UNKNOWN += ";uitgesteld of niet;niet gespeeld;not played;pas joué;vreemd;1;-;;KC Duin;overwinning"


def test_a_word_says_where_a_match_stands() -> None:
    listed = [(word, status) for status, words in WORDS.items() for word in words.split(";")]
    assert [(word, found) for word, status in listed if (found := status_of(word)) != status] == []


def test_an_unknown_word_says_nothing() -> None:
    assert [word for word in UNKNOWN.split(";") if status_of(word) is not None] == []


def test_the_table_is_long_enough() -> None:
    assert sum(len(words.split(";")) for words in WORDS.values()) >= 60
