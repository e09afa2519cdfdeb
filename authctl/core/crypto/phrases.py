"""Security phrases: two words that are shown to whoever asks for a code, and stand in the message as well.

Who sees the same two in both knows that the message answers that request. Nothing is kept of them and nothing is
checked: they are for people's eyes. The words are ours: short, common, and of nothing that anybody is offended by.
"""

from __future__ import annotations

from authctl.model import RandomBytes

COUNT = 1_024  # words; ten bits each, so that a phrase has twenty


def new(random: RandomBytes) -> str:
    """Two words, each of them alike likely: `Amber kettle`."""
    words = WORDS.split()
    first, second = (words[int.from_bytes(random(2)) % COUNT] for _ in range(2))  # 2**16 is a multiple of 2**10
    return f"{first} {second}".capitalize()


WORDS = """
    abbey acorn actor adobe agate album alder algae alley almond alpaca alpine amber anchor angle antler anvil apple
    apron arbor arch arena arrow artist aspen atlas attic aurora autumn avenue axle azalea azure bacon badge badger
    bagel baker ballad ballet balsam bamboo banana banjo banner barge barley barn baron barrel basil basin basket bayou
    beach beacon beaker bean bear beaver beech beetle belfry bell bench berry billow binder birch bird bison blue boat
    bobbin bonnet bonsai book boot border botany bottle bowl box branch brass brave bread breeze briar brick bridge
    bright bronze brook broom brown brush bubble bucket buckle bugle bulb bundle bunny buoy burlap burrow bus butter
    button cabin cactus cake calico calm camel camera camp canal canary candid candle canoe canvas canyon cape card
    carpet carrot cart cashew castle cave cedar celery cellar cello chair chalet chalk chapel cherry chess chest chime
    chisel chive chorus chowder cicada cider cinder cinema circle circus citron city clam clay clever cliff clipper
    cloak clock cloud clover coach coast cobalt cobbler cocoa coconut coffee coin collar colony comet comfort compass
    concert condor conifer cookie copper coral corner cosmos cottage cotton couch cousin cove coyote crab cradle crane
    crater crayon cream creek cricket crimson crisp crochet crocus crow crown crumpet crystal cube cup curious currant
    curtain cushion custard cycle cymbal cypress dahlia daisy damson dance dapper dawn deer delta denim denizen desert
    desk dew dewdrop diamond diary diner dinghy dinner dogwood dolphin domino donkey door dory dove dragon drawer dream
    drizzle drum duck dune dusk eager eagle early earth easel easy eaves echo eclipse elbow elder elegant elk elm ember
    emerald emu enamel engine equator ermine estuary evening fable fabric fair fairway falcon fan farm fathom faucet
    feather fedora fence fennel fern ferret ferry fiddle field fiesta fig filbert finch fiord fir firefly fish flag
    flame flannel flask fleet flint flock flora flour flower flute foal fog folder foliage forest fork fort fossil fox
    frame freckle freesia fresh frigate frog frost fruit galaxy galleon gallery gallop garage garden garland garlic
    garnet gate gazebo gazelle gecko gentle geode geyser ginger gingham giraffe glacier glad glade glass glider globe
    glove goat gold golden gondola goose gopher gorge gosling gourd gown grain granary granite grape grass gravel green
    grotto grove guava guitar gull gumdrop gust habit halibut hall hammer hammock hamper handy harbor hare harmony harp
    harvest hat hatbox hawk hayloft hazel hearth heather hedge helmet hemlock hen herald herb heron hickory hill hockey
    hollow holly honest honey hood horizon horn hornet horse hotel house humble ibis ice icicle igloo iguana impala
    indigo ink inkwell inlet iris iron island ivory ivy jackal jackdaw jacket jade jaguar jam jar jasmine jaunty jelly
    jersey jetty jewel jigsaw jolly jonquil journal journey jubilee jug juice jungle juniper kayak kelp kernel kestrel
    kettle key kindle kite kitten kiwi koala kumquat lace lacquer ladder lagoon lake lamb lamp lantern larch lark lasso
    lattice laurel lava leaf leather lemon lemur lentil leopard letter lettuce lever library lichen light lilac lily
    lilypad lime limpet linen lion lizard llama lobster locket lodge loft lotus loyal lucky lunch lupine lute lynx lyric
    macaw magenta magnet magpie mallard mallow mango manor mantle maple maraca marble marina market marlin marmot maroon
    marsh mason mast meadow medal mellow melody melon mercury mermaid merry mesa meteor middle milk mill mimosa mineral
    minnow mint mirror mitten moat modest mole monarch monsoon moon moose morning mosaic moss moth mouse muffin museum
    music muslin mustard napkin narrow narwhal navy nectar needle neon nest nettle nickel nimble noble nomad noodle noon
    north nougat novel nugget nutmeg oak oar oasis oats oboe ocean ocelot octave olive omelet onion onyx opal opera
    orange orbit orchard orchid oregano organ oriole osprey ostrich otter ottoman outdoor outpost oven owl oxygen oyster
    paddle page pagoda paint palace palm pancake panda panel pansy papaya paper papyrus parade parasol parcel park
    parrot parsley parsnip pasta pastry path patient patio peach peacock peanut pear pearl pebble pecan pedal pelican
    pencil pendant penguin penny peony pepper perch petal petunia pewter piano picket picnic picture pigeon pillow pilot
    pine pink pipe planet plank plateau playful plaza plover plum pocket poem polar polite pollen polo pomelo pond pony
    poplar poppy porch port potato pottery powder prairie proud pudding puddle puffin puma pumpkin puppet purple puzzle
    quail quaint quarry quartz quick quiet quill quilt quince quiver rabbit raccoon radio radish raft rafter railway
    rain rainbow raisin rambler ranch rapid rattan raven ravine ready reef relish rhubarb ribbon rice ridge ring ripple
    river road robin rocket rooster rope rose round rowboat royal ruby rudder rug russet rustic rye saddle saffron sage
    sail salad salmon salt sand sandal sapling sardine satin sauce saucer scallop scarf scarlet school scooter scroll
    sea seagull seal season seed sequoia sesame shadow shallow sheep shell shelter sherbet shield shining shiny shirt
    shoe shore shovel shrimp shrub shuttle silk silver simple singer siren sketch ski sky skylark slate sled sleepy
    slipper slope small smooth snail snow snowy sofa soft soil solar sonnet sorbet sorrel soup south spaniel sparkle
    sparrow spice spider spinach spindle spiral spirit spoon spring spruce square squid stable stadium stage star
    station statue steady steam stitch stone stork storm story stove straw stream street string strudel studio sturdy
    sugar summer summit sun sunbeam sundial sunny sunset surf swallow swamp swan sweater sweet swift swing syrup table
    tablet talent tango tapioca tartan tavern teacher teak teapot temple tender tennis tent tepee terrace terrier
    thicket thimble thistle thread throne thrush thunder thyme tide tidy tiger timber tin tinsel toast toffee tomato
    topaz torch toucan towel tower town toy tractor trail train travel tree trellis trinket trolley trophy trout truck
    truffle trumpet tugboat tulip tumbler tuna tundra tunnel turnip turtle tuxedo tweed twig ukulele umber unicorn
    upbeat urchin valley vanilla vapor vase velvet veranda verse vest viaduct victory village vine vinegar vintage viola
    violet violin vivid voyage waffle wagon wallaby walnut walrus waltz wander warm water wave wax weasel weaver west
    whale wheat wheel whisker whistle white wicker wide wild willow wind window winter wise wolf wombat wonder wood wool
    wren wrist yacht yard yarn yellow yoga yogurt yonder young zebra zenith zephyr zinc zinnia zipper
"""
