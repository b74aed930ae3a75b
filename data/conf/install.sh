#!/bin/sh
# data/conf/install.sh FILE FOLDER - installs the example configuration where there is none yet.
set -eu
folder="${DESTDIR:-}$2"
if [ -e "$folder/sallyport.conf" ]; then
	echo "$2/sallyport.conf is there already and stays as it is"
	exit 0
fi
mkdir -p "$folder"
install -m 644 "$1" "$folder/sallyport.conf"
echo "Installing $1 to $folder"
