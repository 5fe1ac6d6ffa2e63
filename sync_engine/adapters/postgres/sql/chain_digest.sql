sha256(convert_to({canonical}, 'UTF8'))
