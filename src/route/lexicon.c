/* The word lists behind the scorer's named counters, hashed once into a small open table.
 *
 * Words are canonical: lower case, accents kept, no digits. English first; the other languages
 * have the words that change the answer: proofs, translations, greetings. A word belongs to the
 * first class that lists it. The shipped weights were trained with exactly these lists: after a
 * change train again. Built when a scorer file is opened, read only afterwards. */
#include "route/lexicon.h"

#include "base/hash.h"

static const char *const words[LEXICON_CLASSES] = {
    // clang-format off
    [LEX_PRAISE] =
	"rigorous rigorously rigor carefully deep deeply depth advanced expert "
	"experts hard harder thorough thoroughly comprehensive comprehensively "
	"edge extremely critical critically formal formally verification "
	"mathematically mathematics logically nontrivial sophisticated level world "
	"phd",
    [LEX_PROOF] =
	"prove proof proofs proving proved theorem lemma corollary derive "
	"derivation deduce induction contradiction axiom axioms conjecture qed "
	"suffices bijection formal formalise formalize invariant invariants "
	"specification counterexample undecidable irreducible beweise beweis "
	"beweisen démontrer démontrez montrez déduisez deduce preuve demostrar "
	"demuestra demuestre prueba demonstre provar prove докажите доказать "
	"доказательство теорема 证 zeige",
    [LEX_MATH] =
	"integral integrals derivative equation equations polynomial matrix "
	"matrices eigenvalue eigenvalues vector vectors probability modulo prime "
	"primes integer integers real rational irrational complex function "
	"functions sequence series limit converge converges divisible divisor "
	"remainder factorial permutation permutations combinatorial logarithm "
	"exponent exponential root roots sum product group groups ring rings field "
	"fields subgroup isomorphic homomorphism topology continuous "
	"differentiable variance expected distribution random variable variables "
	"coefficient binomial frac operator linear bounded compact adjoint metric "
	"manifold norm convex banach hilbert dense countable uncountable subset "
	"theorem recurrence modulus cauchy sqrt mathbb mathrm cdot leq geq infty",
    [LEX_GEOMETRY] =
	"triangle triangles circle circles angle angles square squares rectangle "
	"polygon radius diameter perimeter circumference area volume sphere cube "
	"cone cylinder parallel perpendicular tangent chord midpoint diagonal "
	"hexagon degrees axis ellipse parabola hyperbola",
    [LEX_WEIGH] =
	"pros cons advantages disadvantages difference differences differ "
	"recommend recommendation choose options consequences implications should "
	"advise advice review critique feedback improve improvements tradeoff "
	"tradeoffs compare comparison versus strategy risks riskiest causes impact "
	"effects happens happen decide judge prefer budget plan example examples "
	"grew trend unterschied nachteile vorteile différence avantages diferencia "
	"ventajas отличается argue counterargument metrics",
    [LEX_QUANTITY] =
	"many much total each every per altogether left remaining twice half "
	"double triple times more less fewer dozen dozens percent percentage ratio "
	"average sum difference cost costs price pay paid buys bought sells sold "
	"spent spend earns earned",
    [LEX_LOGIC] =
	"if then else implies therefore hence thus unless iff either neither nor "
	"true false valid invalid argument premise premises conclusion necessarily "
	"sufficient lies liar truth truthful deductively fallacy statements "
	"statement",
    [LEX_COMPARE] =
	"compare comparison versus difference differences better worse larger "
	"smaller bigger greater fewer higher lower older younger taller shorter "
	"than least most",
    [LEX_NEGATION] =
	"not no never none cannot without except neither dont doesnt isnt wont "
	"cant didnt least nothing nobody doesn isn",
    [LEX_WH] =
	"what whats who whos whom whose when where which name define definition "
	"list meaning synonym opposite plural capital was wer wann wo wie spät "
	"quelle quel qui quién cuál cuándo qué quando qual кто когда сколько какая "
	"谁 哪 何 どこ كم ما متى 首 都",
    [LEX_WHY] =
	"why how explain describe discuss analyze analyse evaluate assess justify "
	"reason reasons",
    [LEX_CODE] =
	"function functions class classes method methods variable array arrays "
	"string strings list lists dict dictionary tuple python java javascript "
	"typescript rust golang sql query queries api json regex script code "
	"codebase program compile compiler library module package repository repo "
	"endpoint database server client html css react node docker kubernetes git "
	"commit test tests unittest recursion recursive loop algorithm implement "
	"implementation pointer struct linux bash fonction función funktion "
	"функция функцию скрипт код",
    [LEX_KEYWORD] =
	"def return import assert elif print self lambda int str bool float void "
	"const null none static public private async await var let func fn enum "
	"append len range",
    [LEX_FAULT] =
	"error errors exception exceptions traceback fails failing failed failure "
	"crash crashes bug bugs broken unexpected issue regression typeerror "
	"valueerror keyerror attributeerror undefined warning debug fix",
    [LEX_HARD_FAULT] =
	"deadlock deadlocks race races concurrency concurrent leak leaks "
	"corruption corrupts segfault intermittent intermittently flaky "
	"nondeterministic livelock heisenbug starvation serializable isolation "
	"mutex mutexes atomics lockfree postmortem lock locks locking contention "
	"anomaly linearizable reentrant interleaving fencing panics hangs "
	"inversion взаимоблокировка блокировок",
    [LEX_DESIGN] =
	"architecture architect design distributed scalable scalability system "
	"systems pipeline service services microservices migration migrate "
	"throughput consensus replication sharding fault tolerant tenant "
	"production infrastructure strategy framework trade tradeoffs rollout "
	"platform redesign ingestion failover replicated tenants idempotent ledger "
	"recovery consistency limiter nodes partitioned partition gateway cluster "
	"quorum conflict crdt sharded replica replicas regions monolithic rollback "
	"collaborative scheduler durability 设 架 分布",
    [LEX_OPTIMISE] =
	"optimize optimise optimal optimization efficient efficiently complexity "
	"performance latency minimize maximize minimum maximum fastest bottleneck "
	"asymptotic np approximation heuristic polylogarithmic polynomial",
    [LEX_TRANSFORM] =
	"translate translation summarize summarise summary rewrite rephrase "
	"paraphrase extract classify categorize label format convert rename "
	"proofread correct shorten bullet tldr spelling grammar headline title "
	"subject caption tag tags tweet slogan slogans haiku birthday replace "
	"emoji keyword keywords translated traduis traduire traduisez traduce "
	"traducir traduza traduzir übersetze übersetzen résume resume resumir "
	"zusammenfassen fasse переведи переведите перевод кратко 翻 译 摘 sentiment "
	"spam toxic capitalise capitalize capitalisation capitalization "
	"punctuation alphabetically abbreviate typo typos reply replies intent",
    [LEX_WRITE] =
	"write compose draft create generate story poem essay email blog letter "
	"post tagline haiku lyrics speech brainstorm ideas schreibe verfasse écris "
	"rédige escribe redacta escreva напиши 写",
    [LEX_CHAT] =
	"hi hello hey thanks thank please sorry morning afternoon evening lol ok "
	"okay yes yeah sure great nice weather weekend lovely hope coffee lunch "
	"dinner dog cat holiday bye cheers welcome hallo hola bonjour merci danke "
	"gracias olá obrigado привет спасибо здравствуйте ciao",
    [LEX_CONSTRAINT] =
	"must should exactly least ensure requirement requirements constraint "
	"constraints within satisfy satisfies satisfying given subject assume "
	"suppose let unique distinct respectively",
    [LEX_TIME] =
	"monday tuesday wednesday thursday friday saturday sunday january february "
	"march april may june july august september october november december day "
	"days week month months year years hour hours minute minutes yesterday "
	"tomorrow today ago date am pm noon",
    [LEX_PHYSICS] =
	"velocity acceleration force mass energy momentum charge electric magnetic "
	"field current voltage resistance circuit temperature pressure heat "
	"entropy wave wavelength frequency photon electron electrons atom atoms "
	"atomic molecule molecular mole moles molar reaction acid base oxidation "
	"equilibrium enthalpy gas ion ions isotope nucleus quantum thermal fluid "
	"flow kinetic",
    [LEX_LIFE] =
	"cell cells gene genes dna rna protein proteins enzyme species organism "
	"organisms evolution blood patient patients disease symptoms diagnosis "
	"treatment drug clinical infection muscle nerve brain heart plant plants "
	"bacteria virus hormone tissue chromosome allele population",
    [LEX_LAW] =
	"court courts law laws statute plaintiff defendant contract contracts "
	"liability tort jurisdiction constitutional amendment legal illegal jury "
	"trial crime criminal evidence attorney rights treaty clause clauses "
	"unfair terms buyer supplier party",
    [LEX_MONEY] =
	"market markets price demand supply elasticity inflation interest rate "
	"monetary fiscal gdp cost firm firms revenue profit tax tariff investment "
	"capital stock bond dividend portfolio accounting",
    [LEX_MIND] =
	"moral morality ethical ethics behavior cognitive memory emotion attention "
	"psychologist therapy personality attitude learning conditioning "
	"motivation philosophy kant utilitarian virtue causal cause caused "
	"intentionally",
    [LEX_SEQUENCE] =
	"first second third then next after before finally last step steps swap "
	"swaps swapped trade leftmost rightmost turn turns forward facing order "
	"sort alphabetically",
    [LEX_PERSON] =
	"he she his her him hers they them their theirs alice bob claire dave eve "
	"fred gertrude",
    [LEX_NUMBER] =
	"one two three four five six seven eight nine ten eleven twelve twenty "
	"thirty forty fifty hundred thousand million zero dozen",
    [LEX_STOP] =
	"the a an of to in on at and or is are was were be been it its this that "
	"these those for from by as with you your i my me we our do does did can "
	"could would will have has had there here so but about into over just some "
	"any all",
    [LEX_FIX_AGAIN] =
	"still again nope wrong incorrect same unchanged persists worse immer "
	"weiterhin toujours encore sigue aún ainda опять снова",
    [LEX_MODEL] =
	"model models llm llms tier tiers modell modèle modelo модель",
    [LEX_VENDOR] =
	"gpt chatgpt claude opus sonnet gemini flux mistral llama deepseek qwen "
	"grok openai anthropic",
    [LEX_RANK] =
	"best cheapest cheap powerful expensive strongest strong stronger smartest "
	"smart smarter capable biggest premium advanced frontier weakest weak top "
	"tiny mini reasoning thinking fast standard flagship intelligent costly "
	"pricey quality beste billigste meilleur mejor barato лучшую",
    [LEX_USE] =
	"use using route send switch pick choose select escalate forward delegate "
	"need needs require requires deserves deserve any assign upgrade",
    // clang-format on
};

static void swap_in(struct lexicon *l, size_t at, uint32_t *hash, uint8_t *class)
{
	uint32_t old_hash = l->hashes[at];
	uint8_t old_class = l->classes[at];

	l->hashes[at] = *hash;
	l->classes[at] = *class;
	*hash = old_hash;
	*class = old_class;
}

/* Whoever stands in the place goes to its other one. The lists are fixed: they find room or they
 * never do. */
static void insert(struct lexicon *l, uint32_t hash, int class)
{
	size_t at = lexicon_first(hash);
	uint8_t moving = (uint8_t)(class + 1);
	int moves = 0;

	if (lexicon_class_of(l, hash) >= 0)
		return;
	for (; moves < LEXICON_SLOTS && moving; moves++) {
		swap_in(l, at, &hash, &moving);
		at = at == lexicon_first(hash) ? lexicon_second(hash) : lexicon_first(hash);
	}
	must(!moving);
}

void lexicon_init(struct lexicon *l)
{
	memset(l, 0, sizeof(*l));
	for (int class = 0; class < LEXICON_CLASSES; class ++) {
		struct str rest = str_of(words[class]), word;
		while (str_next_field(&rest, ' ', &word)) {
			char padded[72] = {0};
			must(word.len > 0 && word.len < 64);
			memcpy(padded, word.ptr, word.len);
			insert(l, lexicon_hash(padded, word.len), class);
		}
	}
}

uint32_t lexicon_layout(void)
{
	uint32_t crc = 0;

	for (int class = 0; class < LEXICON_CLASSES; class ++)
		crc = hash_crc32c(crc, str_of(words[class]));
	return crc;
}
