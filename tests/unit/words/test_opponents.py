"""Opponents that are none, and clubs that are called nearly so."""

from twizzit_pipeline.words.opponents import is_no_opponent

NONE = """
bye;Bye;BYE U15 1;vrij;VRIJ 2;Vrij (bye);vrij van dienst;exempt;Exempte;Équipe exempte;rust;Repos;TBD;tba;t.b.d.;N.T.B.
nog te bepalen;Nog te bepalen;Te bepalen;Nog onbekend;onbekend;Tegenstander onbekend;ploeg nog te bepalen;volgt;nvt
à déterminer;A DETERMINER;Équipe à désigner;Adversaire inconnu;À confirmer;to be announced;Opponent TBD;unknown
Tegenstander;geen tegenstander;X;xxx;-;—;???;...;1;winnaar poule A;Winnaar;Winnaar wedstrijd 4 (poule A);Winnaar1
verliezer wedstrijd 3;Verliezer halve finale 1;winner of match 1;Winner pool A;Loser semi-final 2;vainqueur poule B
Vainqueur match 2;Gagnant demi-finale 1;Perdant 1/2 finale;finalist 1;Halve finalist 2;W12;1e poule A;Eerste poule B
Vrije ronde;vrije speeldag;Libre;libre de match;geen wedstrijd;Vrij - geen wedstrijd;Pas de match;no game;nog te bep.
niet gekend;Tijdelijk onbekend;Loting volgt;Onbekende tegenstander;nog onbekende ploeg;Winner SF1;QF1;HF 1;Kwartfinale 1
Verl. 3;Winn. poule A;Winnaar QF2;Runner-up A;Runners-up pool B;Beste tweede;Halve finale 2;Demi-finale 1
1er groupe A;2nd pool B;2de plaats poule C;Meilleur deuxième poule A;Poule A 1;Groep B
Poulewinnaar A;Groepswinnaar B;Reekswinnaar 2;Winaar wedstrijd 3;Beste verliezer;Hoogst gerangschikte verliezer
Laagst geplaatste winnaar;Lucky loser;Meilleur perdant;3de plaats;1e plaats;3rd place;Plaats 4;Nummer 2;nr. 3
Kampioen;Vicekampioen;Kampioen poule A;Kampioen 2e provinciale;Stijger 1;Daler 2;Finale;Troostfinale;Kleine finale
V3;V 3;W 3;Halve finale;Demi-finale;Petite finale;Plaatsingswedstrijd 2;Troostingswedstrijd
"""
CLUBS = """
KC Vrijheid;Vrijbroek;KC Vrij;Vrij en Vrolijk;Club Vrij en Blij;De Vrije Slag;Vrijwilligers KC;AKC Duinrand U15 1
KV Hoogland;Winner's Korfbal;De Winner;Winners Gent;KC Winnaar;Win Sports;Byemoor;Bye Bye Korfbal;Royal Exempt Club
Exemplaar KC;KC Rust Roest;Rust Roest;ASBL Repos et Sport;Freebirds;KC Poule;Groep Intro;Volgt Elkaar;KC Volgt
Team United;Sporting X;TBDance;Onbekend Talent KC;KC Finale;Perdandum;Tegenstand KC;KC 1;V3 Korfbal;Pont-à-Saules
KC Finale 1;Vrij Geen Zorgen;Libre Pensée;Free Kicks;Onbekende Helden;Runners KC;Losser KC;SF Gent 1;Dag en Nacht KC
Finalia;KC Finale U15;De Kampioenen;Kampioenen KC;Winnaarsveld KC;Beste Vrienden KC;Eerste Elftal Lier;Nummer Tien
Hoogstraten;Laagland KC;Tweede Thuis;Lucky Shots;Place Verte;Plaats Noord;KC Beste Verliezer;Second Wind;Highest Hopes
V 3 Korfbal;W Korfbal;V;Stijgers KC;Dalerpad;Plaatselijk Belang;Best KC;Premier Korfbal;Meilleurs Amis
Sint-Jozef Polder;Derde Poort;Eerste Hulp KC;Nummer Een;Eendracht Aalst;Los Amigos;W & L Korfbal;Reeks Vooruit
"""


def listed(table: str) -> list[str]:
    return [word.strip() for line in table.strip().splitlines() for word in line.split(";")]


def test_a_placeholder_is_no_opponent() -> None:
    assert [name for name in listed(NONE) if not is_no_opponent(name)] == []


def test_a_club_that_is_called_nearly_so_is_one() -> None:
    assert [name for name in listed(CLUBS) if is_no_opponent(name)] == []


def test_the_table_is_long_enough() -> None:
    assert len(listed(NONE)) >= 60
    assert len(listed(CLUBS)) >= 40
