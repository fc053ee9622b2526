"""All layers at one time step: ``network(frame, state=None) -> (frame, state)``.

A network takes a cell *constructor* and calls it as ``cell(inputs, outputs)``, so that any cell
fits any network: ``Stack(partial(ConvLSTM, kernel=5), channels=1)``.
"""

from stlib.networks.action_net import ActionNet
from stlib.networks.activity_net import ActivityMemory, ActivityNet
from stlib.networks.classifiers import Classifier2D, Classifier3D
from stlib.networks.clip_autoencoder import ClipAutoencoder
from stlib.networks.decoupled import Alike, Decoupled
from stlib.networks.earthformer import Earthformer
from stlib.networks.encoder_forecaster import EncoderForecaster, EncoderForecasterMemory
from stlib.networks.first_weights import draw_xavier
from stlib.networks.memory import Memory
from stlib.networks.patched import Patched
from stlib.networks.pyramid import Pyramid
from stlib.networks.resnet_3d import ResNet3d
from stlib.networks.simvp import SimVP
from stlib.networks.skip_net import SkipNet
from stlib.networks.stack import Stack
from stlib.networks.temporal_shift import temporal_shift
from stlib.networks.whole_context import WholeContext, WholeContextMemory

__all__ = [
    "ActionNet",
    "ActivityMemory",
    "ActivityNet",
    "Alike",
    "Classifier2D",
    "Classifier3D",
    "ClipAutoencoder",
    "Decoupled",
    "Earthformer",
    "EncoderForecaster",
    "EncoderForecasterMemory",
    "Memory",
    "Patched",
    "Pyramid",
    "ResNet3d",
    "SimVP",
    "SkipNet",
    "Stack",
    "WholeContext",
    "WholeContextMemory",
    "draw_xavier",
    "temporal_shift",
]
