using System.CommandLine;
using DataPrep.Cli;

var root = new RootCommand("""
    Makes Filecoin pieces of datasets: UnixFS DAGs in CAR files, each with its piece commitment, and the manifests.

    Example:
      dataprep pack /data/climate -o /staging/climate
    """)
{
    PackCommand.Create(),
    CommpCommand.Create(),
    LsCommand.Create(),
    InspectCommand.Create(),
    VerifyCommand.Create(),
};

return CommandRunner.Run(root.Parse(args));
