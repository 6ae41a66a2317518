"""Vision backbones in int8, run by OpenVINO: the network, its card, its folder."""
