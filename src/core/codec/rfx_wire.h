/* core/codec/rfx_wire.h - the numbers of RemoteFX messages, [MS-RDPRFX] 2.2.2. */
#ifndef SP_CORE_CODEC_RFX_WIRE_H
#define SP_CORE_CODEC_RFX_WIRE_H

/* 2.2.2.1.1 TS_RFX_BLOCKT and 2.2.2.1.2 TS_RFX_CODEC_CHANNELT, blockType */
#define WBT_SYNC 0xccc0
#define WBT_CODEC_VERSIONS 0xccc1
#define WBT_CHANNELS 0xccc2
#define WBT_CONTEXT 0xccc3
#define WBT_FRAME_BEGIN 0xccc4
#define WBT_FRAME_END 0xccc5
#define WBT_REGION 0xccc6
#define WBT_EXTENSION 0xccc7
#define CBT_REGION 0xcac1
#define CBT_TILESET 0xcac2
#define CBT_TILE 0xcac3

#define RFX_BLOCK 6 /* blockType and blockLen */
#define RFX_CODEC_ID 1
#define RFX_CHANNEL 0x00
#define RFX_CHANNEL_CONTEXT 0xff
#define WF_MAGIC 0xcaccaccau
#define WF_VERSION_1_0 0x0100
#define CT_TILE_64X64 0x0040
#define CODEC_MODE 0x2 /* image mode, in flags */
#define COL_CONV_ICT 1
#define CLW_XFORM_DWT_53_A 1
#define SCALAR_QUANTIZATION 1

/* Sizes of the parts that are always as long. */
#define RFX_SYNC_SIZE 12
#define RFX_VERSIONS_SIZE 10
#define RFX_CHANNELS_SIZE 12
#define RFX_CONTEXT_SIZE 13
#define RFX_FRAME_BEGIN_SIZE 14
#define RFX_FRAME_END_SIZE 8
#define RFX_REGION_SIZE 15
#define RFX_RECT_SIZE 8
#define RFX_TILESET_SIZE 22
#define RFX_QUANT_SIZE 5

/* 2.2.2.1.5: both ends of what a quantization factor may be. */
#define RFX_QUANT_MIN 6
#define RFX_QUANT_MAX 15

#endif
