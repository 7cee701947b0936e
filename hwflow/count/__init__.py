# SPDX-License-Identifier: Apache-2.0
"""What a network costs for one input, as tables 1, 2, 5 and 6 of Sensors 2021, 21, 6868 count it.

    BOPs  = multiply-accumulates of 1-bit convolutions (weights and activations both 1 bit)
    FLOPs = multiply-accumulates of every other convolution, fully connected layer and matrix product
            + 2 for each output of a BatchNorm (any other normalisation too)
            + 1 for each output of a ReLU, PReLU, RPReLU, SiLU, RSiLU or the like
            + 1 for each input element of a pooling, the mean or sum over all pixels included
    OPs   = BOPs / 64 + FLOPs

Additions, products, comparisons (RSign), quantisers, concatenations, shuffles, biases and softmax count nothing.

    params      = learnable numbers
    weight_bits = bits of all of them but those of normalisations and activations: 1 each in a 1-bit convolution, the
                  quantiser's width in another quantised layer, else what the tensor takes (32 for float32)

The network runs once in eval mode on an input of zeros, and what is counted are the operations that PyTorch really
carries out, whether a module or a function asked for them. A module whose parameters took part in nothing that the rule
counts is named as uncounted.
"""
