"""Names of invented people, Flemish and Walloon: first and last names are put together at random.

Only lists belong here. They hold what makes names hard: accents, apostrophes, hyphens, particles, a capital inside.
"""

FIRST_NAMES_FEMALE = (
    "Aïcha", "Amélie", "Anke", "Anneleen", "Axelle", "Britt", "Camille", "Céline", "Chloé", "Clémence",
    "Daphné", "Dina", "Élise", "Ellen", "Emma", "Eva", "Fien", "Fleur", "Floor", "Françoise", "Gaëlle",
    "Griet", "Hanne", "Héloïse", "Ilse", "Ines", "Janne", "Jitske", "Joke", "Julie", "Kaat", "Katrien",
    "Lara", "Laure", "Leonie", "Lies", "Lotte", "Louise", "Lore", "Maëlle", "Margaux", "Marie-Claire",
    "Marieke", "Marthe", "Maud", "Merel", "Mila", "Nathalie", "Nele", "Nina", "Noëlle", "Noor", "Nora",
    "Océane", "Paulien", "Rania", "Renée", "Romane", "Roos", "Sanne", "Sara", "Silke", "Solène", "Sophie",
    "Tess", "Thaïs", "Tine", "Valérie", "Veerle", "Wendy", "Yasmine", "Zita", "Zoë",
)  # fmt: skip

FIRST_NAMES_MALE = (
    "Adriaan", "Amaury", "André", "Arne", "Arthur", "Bart", "Benoît", "Bjorn", "Bram", "Cédric", "Clément",
    "Cyriel", "Daan", "Dries", "Édouard", "Elias", "Emiel", "Étienne", "Fabrice", "Ferre", "François",
    "Gérard", "Gert-Jan", "Gilles", "Grégoire", "Hamza", "Hendrik", "Ibrahim", "Jaak", "Jasper",
    "Jean-Baptiste", "Jérôme", "Jonas", "Jos", "José", "Jules", "Kobe", "Koen", "Lander", "Lars", "Loïc",
    "Lowie", "Lukas", "Maarten", "Mathéo", "Maxime", "Michaël", "Milan", "Niels", "Noé", "Olivier",
    "Pieter-Jan", "Quinten", "Raphaël", "Rémi", "Robbe", "Ruben", "Sébastien", "Senne", "Siebe", "Simon",
    "Stan", "Stijn", "Thibault", "Thijs", "Toon", "Tuur", "Victor", "Vince", "Warre", "Wout", "Xander",
    "Yannick",
)  # fmt: skip

LAST_NAMES = (
    "Adriaensen", "Aerts", "Baert", "Bastin", "Beullens", "Bogaert", "Boulanger", "Bracke", "Ceulemans",
    "Claes", "Claeys-Bouuaert", "Cools", "Coppens", "Cornélis", "D'Haese", "D'Hondt", "Daems", "De Backer",
    "De Clercq", "De Coninck", "De Gréef", "De Keyser", "De Smet", "De Vos", "De Wachter", "Debruyne",
    "Decoster", "Delcourt", "Delhaye", "Deprez", "Desmedt", "Devos", "Dierickx", "Dubois", "Dufrêne",
    "Dumont", "El Amrani", "Evrard", "François-Lambert", "Geerts", "Gérardin", "Goossens", "Goyvaerts",
    "Hermans", "Heylen", "Huybrechts", "Jacobs", "Jansegers", "Janssens", "Kaya", "Lambrecht", "Laurent",
    "Leclercq", "Lemaître", "Lenaerts", "Libert", "Luyckx", "Maes", "Maréchal", "Martens", "Mathieu",
    "McCabe", "Mertens", "Michiels", "Moens", "Mommaerts", "Nguyen", "Noël", "Nyssens", "O'Connor",
    "Özdemir", "Pauwels", "Peeters", "Pirard", "Piñero", "Poncelet", "Raeymaekers", "Renard", "Roelandts",
    "Rombouts", "Segers", "Simoens", "Smets", "Somers", "Stevens", "'t Jampens", "'t Kindt", "Thijs",
    "Thiry", "Timmermans", "Van Acker", "Van Camp", "Van de Velde", "Van den Bossche", "Van den Broeck",
    "Van der Auwera", "Van der Elst", "Van Hoof", "Van Looy", "Vandenberghe", "Vanderstraeten",
    "Vercauteren", "Verhaegen", "Verheyen", "Vermeulen", "Verschueren", "Vrancken", "Wauters", "Willems",
    "Wouters", "Yıldız",
)  # fmt: skip

TOO_LONG_LAST_NAME = "Vanderstraeten-Vandenbroucke-Deghellinck-Vaernewycke"

STREETS = (
    "Kerkstraat", "Molenweg", "Stationsstraat", "Rue de l'Église", "Avenue des Tilleuls", "Kasteeldreef",
    "Beekstraat", "Rue du Moulin", "Schoolstraat", "Lindelaan", "Chaussée de Wavre", "Veldstraat",
)  # fmt: skip

CITIES = (
    ("2000", "Antwerpen"), ("2100", "Deurne"), ("2500", "Lier"), ("2800", "Mechelen"), ("3000", "Leuven"),
    ("9000", "Gent"), ("8000", "Brugge"), ("4000", "Liège"), ("5000", "Namur"), ("6000", "Charleroi"),
    ("1300", "Wavre"), ("7000", "Mons"),
)  # fmt: skip
